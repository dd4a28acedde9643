import { createHash } from "node:crypto";
import { fileURLToPath } from "node:url";
import { svelte } from "@sveltejs/vite-plugin-svelte";
import type { Plugin } from "vite";
import { defineConfig } from "vitest/config";

const folder = (path: string) => fileURLToPath(new URL(path, import.meta.url));
const server = process.env["WARROOM_DEV_SERVER"] ?? "http://127.0.0.1:18700";

/** Writes into the worker of the phone page which files that page is made of, and their version. */
function phoneFiles(): Plugin {
  return {
    name: "phone-files",
    enforce: "post",
    generateBundle(_, bundle) {
      const chunks = Object.values(bundle).filter((one) => one.type === "chunk");
      const worker = chunks.find(({ name }) => name === "worker");
      const phone = chunks.find(({ facadeModuleId }) => facadeModuleId?.endsWith("/dispatch/PhonePage.svelte"));
      const main = chunks.find(({ name, isEntry }) => isEntry && name !== "worker");
      const page = bundle["index.html"];
      if (!worker || !phone || !main || page?.type !== "asset") throw new Error("no worker, phone page or index.html in the build");
      const found = new Set<string>();
      const walk = (name: string): void => {
        const chunk = bundle[name];
        if (found.has(name) || chunk?.type !== "chunk") return;
        found.add(name);
        for (const style of chunk.viteMetadata?.importedCss ?? []) found.add(style);
        for (const next of chunk.imports) walk(next);
      };
      [main.fileName, phone.fileName].forEach(walk);
      const styles = [...found].map((name) => bundle[name]).filter((one) => one?.type === "asset");
      const text = styles.map(({ source }) => String(source)).join("");
      // Fonts: what the styles name.
      for (const name of Object.keys(bundle)) if (text.includes(`/${name}`)) found.add(name);
      const files = ["/index.html", "/icon.svg", "/manifest.webmanifest", ...[...found].sort().map((name) => `/${name}`)];
      // Names of files hold the hash of what is in them; the page has none in its name.
      const version = createHash("sha256").update(files.join()).update(String(page.source)).digest("hex").slice(0, 12);
      worker.code = worker.code.replace("__VERSION__", version).replace("__FILES__", JSON.stringify(files).replaceAll('"', '\\"'));
    },
  };
}

export default defineConfig({
  plugins: [svelte(), phoneFiles()],
  resolve: {
    alias: { $lib: folder("./src/lib"), $locales: folder("../src/warroom/locales") },
  },
  build: {
    outDir: folder("../src/warroom/app/static"),
    emptyOutDir: true,
    // Nothing as a data: address, so that the content security policy can stay strict.
    assetsInlineLimit: 0,
    chunkSizeWarningLimit: 1400,
    rollupOptions: {
      input: { index: folder("./index.html"), worker: folder("./src/offline/worker.ts") },
      output: { entryFileNames: ({ name }) => (name === "worker" ? "worker.js" : "assets/[name]-[hash].js") },
    },
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
