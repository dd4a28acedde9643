/**
 * Opens every page in Chromium, saves a picture of each and counts what axe finds (WCAG 2.2 A, AA).
 *
 *   node web/tests/look.mjs OUT_DIR [--at http://127.0.0.1:18700] [--only map,admin] [--sizes 1366x768]
 *
 * Chromium is the one of WARROOM_CHROMIUM, else /usr/bin/chromium. Exits 1 if axe found anything,
 * a page wrote an error to the console, or something is wider than its window.
 */
import { mkdirSync, readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { join } from "node:path";
import { chromium } from "playwright-core";

const option = (name, fallback) => {
  const at = process.argv.indexOf(`--${name}`);
  return at < 0 ? fallback : process.argv[at + 1];
};
const OUT = process.argv[2] ?? "look";
const AT = option("at", "http://127.0.0.1:18700");
const ONLY = option("only", "").split(",").filter(Boolean);
const SIZES = option("sizes", "1366x768,1920x1080,390x844").split(",").map((text) => text.split("x").map(Number));
const LANGUAGES = option("languages", "id,en").split(",");
const THEMES = option("themes", "dark").split(",");
const AXE = readFileSync(createRequire(import.meta.url).resolve("axe-core/axe.min.js"), "utf8");

const press = (...keys) => async (page) => {
  for (const key of keys) await page.keyboard.press(key);
  await page.waitForTimeout(400);
};
const PAGES = {
  sign_in: { path: "/masuk", out: true },
  map: { path: "/peta", wait: 1800 },
  map_camera: { path: "/peta?kamera=214", wait: 1800 },
  map_filter: { path: "/peta?keadaan=offline", wait: 1500 },
  palette: { path: "/peta", wait: 900, then: async (page) => { await press("Control+k")(page); await page.keyboard.type("losari"); await page.waitForTimeout(500); } },
  keys: { path: "/peta", wait: 900, then: press("?") },
  admin_cameras: { path: "/admin/kamera" },
  admin_camera: { path: "/admin/kamera?kamera=214", wait: 1500 },
  admin_import: { path: "/admin/kamera?impor=1" },
  admin_agencies: { path: "/admin/lembaga" },
  admin_people: { path: "/admin/orang" },
  admin_grants: { path: "/admin/hak" },
  admin_tokens: { path: "/admin/token" },
  admin_audit: { path: "/admin/audit" },
  help: { path: "/bantuan" },
};

async function tooWide(page) {
  return page.evaluate(() => document.documentElement.scrollWidth > innerWidth + 1);
}

async function axe(page) {
  await page.evaluate(AXE);
  const run = () => globalThis.axe.run(document, { runOnly: ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"] });
  const { violations } = await page.evaluate(run);
  return violations.map((one) => `${one.id}: ${one.nodes.slice(0, 2).map((node) => node.target.join(" ")).join(" | ")} (${one.nodes.length})`);
}

const browser = await chromium.launch({
  executablePath: process.env.WARROOM_CHROMIUM ?? "/usr/bin/chromium",
  args: ["--no-sandbox", "--use-angle=swiftshader", "--enable-unsafe-swiftshader", "--ignore-gpu-blocklist"],
});
let faults = 0;
mkdirSync(OUT, { recursive: true });
for (const [width, height] of SIZES) {
  for (const language of LANGUAGES) {
    for (const theme of THEMES) {
      const context = await browser.newContext({ viewport: { width, height } });
      await context.addInitScript(([l, th]) => { localStorage.setItem("warroom.language", l); localStorage.setItem("warroom.theme", th); }, [language, theme]);
      const page = await context.newPage();
      const said = [];
      page.on("console", (message) => { if (message.type() === "error") said.push(message.text()); });
      page.on("pageerror", (error) => said.push(String(error)));
      const headers = { "X-Warroom": "1", "Content-Type": "application/json" };
      for (const [name, spec] of Object.entries(PAGES)) {
        if (ONLY.length > 0 && !ONLY.some((word) => name.startsWith(word))) continue;
        if (spec.out) await page.request.delete(`${AT}/api/session`, { headers });
        else {
          await page.request.post(`${AT}/api/session`, { headers, data: { login: "rahmat.syam", password: "demo" } });
          await page.request.patch(`${AT}/api/session`, { headers, data: { language } });
        }
        said.length = 0;
        await page.goto(AT + spec.path);
        await page.waitForTimeout(spec.wait ?? 900);
        await spec.then?.(page);
        const shot = `${name}-${width}-${language}-${theme}`;
        await page.screenshot({ path: join(OUT, `${shot}.png`) });
        const found = await axe(page);
        if (await tooWide(page)) found.push("wider than the window");
        found.push(...said.filter((text) => !/401|503|WebSocket|ERR_/.test(text)));
        faults += found.length;
        console.log(`${found.length === 0 ? "ok  " : "BAD "} ${shot}${found.map((text) => `\n     ${text}`).join("")}`);
      }
      await context.close();
    }
  }
}
await browser.close();
process.exit(faults === 0 ? 0 : 1);
