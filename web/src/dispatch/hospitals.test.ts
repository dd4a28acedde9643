import { afterEach, beforeEach, expect, it, vi } from "vitest";
import { language } from "$lib/language.svelte";
import { bedsWord, hospitalsFor, nearest } from "./hospitals";
import type { Beds, Choice } from "./types";

const at = (name: string, lat: number, kind = "rumah sakit"): { name: string; kind: string; lat: number; lon: number } => ({ name, kind, lat, lon: 119.4 });
const here = { lat: -5.1, lon: 119.4 };
const unknown: Beds = { state: "unknown" };
const choice = (name: string): Choice => ({ id: name, name, state: "free", seconds: 60, beds: { igd: { state: "free", free: 1, at: "2026-11-24T06:00:00Z" }, icu: unknown, ward: unknown } });
const PATH = "/api/dispatch/duty/facilities";

/** Answers by the beginning of the address; whatever else is asked fails as without network. */
function answers(by: Record<string, unknown>): void {
  vi.stubGlobal("fetch", (url: string) => {
    const found = Object.entries(by).find(([path]) => String(url).startsWith(path));
    return found === undefined ? Promise.reject(new TypeError("no network")) : Promise.resolve(new Response(JSON.stringify({ items: found[1] })));
  });
}

beforeEach(() => {
  const store = new Map<string, string>();
  vi.stubGlobal("localStorage", { getItem: (key: string) => store.get(key) ?? null, setItem: (key: string, text: string) => void store.set(key, text) });
});
afterEach(() => vi.unstubAllGlobals());

it("names the nearest first, each once, and no more than there is room for", () => {
  const found = [at("RS Jauh", -5.3), at("RS Dekat", -5.11), at("RS Dekat", -5.12), at("RS Tengah", -5.2)];

  expect(nearest(found, here, 2)).toEqual(["RS Dekat", "RS Tengah"]);
});

it("takes the order of the server, and keeps it for a gap of the network", async () => {
  answers({ [PATH]: [choice("RS Jauh"), choice("RS Dekat"), choice("RS Lain")] });
  expect((await hospitalsFor(PATH, "igd", here, 2)).items.map(({ name }) => name)).toEqual(["RS Jauh", "RS Dekat"]);

  answers({});
  const kept = await hospitalsFor(PATH, "igd", here, 2);
  expect([kept.isKept, kept.items.map(({ name }) => name)]).toEqual([true, ["RS Jauh", "RS Dekat"]]);
  expect((await hospitalsFor(PATH, "icu", here, 2)).items).toEqual([]);
});

it("names the nearest of the city's places, of which no bed is known, where no list is kept", async () => {
  answers({ [PATH]: [], "/api/places/search": [at("Jl. Rumah Sakit", -5.1, "jalan"), at("RS Dekat", -5.11)] });
  const found = await hospitalsFor(PATH, "igd", here, 4);
  expect(found.items.map(({ name, state }) => [name, state])).toEqual([["RS Dekat", "unknown"]]);

  answers({ [PATH]: [] });
  expect((await hospitalsFor(PATH, "igd", here, 4)).items).toEqual([]);
  answers({});
  expect((await hospitalsFor(PATH, "icu", null, 4)).items).toEqual([]);
});

it("tells unknown, old, none and free apart", () => {
  language.current = "en";
  const now = Date.parse("2026-11-24T06:10:00Z");
  const told = { at: "2026-11-24T06:00:00Z" };

  const words = [unknown, { ...told, state: "stale", free: 3 }, { ...told, state: "full", free: 0 }, { ...told, state: "free", free: 3, total: 12 }].map((one) => bedsWord(one as Beds, now));

  expect(new Set(words).size).toBe(4);
  expect(words[3]).toContain("3 of 12");
  expect(words.slice(1).every((word) => word.includes("10"))).toBe(true);
});
