import { fileURLToPath } from "node:url";
import { svelte } from "@sveltejs/vite-plugin-svelte";
import { defineConfig } from "vitest/config";

const folder = (path: string) => fileURLToPath(new URL(path, import.meta.url));
const server = process.env["WARROOM_DEV_SERVER"] ?? "http://127.0.0.1:18700";

export default defineConfig({
  plugins: [svelte()],
  resolve: {
    alias: { $lib: folder("./src/lib"), $locales: folder("../src/warroom/locales") },
  },
  build: {
    outDir: folder("../src/warroom/app/static"),
    emptyOutDir: true,
    // Nothing as a data: address, so that the content security policy can stay strict.
    assetsInlineLimit: 0,
    chunkSizeWarningLimit: 1400,
  },
  server: {
    host: "127.0.0.1",
    fs: { allow: [folder("..")] },
    proxy: {
      "/api": { target: server, ws: true },
      "/ws": { target: server, ws: true },
    },
  },
  test: { include: ["src/**/*.test.ts"] },
});
