import { afterEach, expect, it, vi } from "vitest";
import { hospitalsNear, nearest } from "./hospitals";

const at = (name: string, lat: number, kind = "rumah sakit"): { name: string; kind: string; lat: number; lon: number } => ({ name, kind, lat, lon: 119.4 });
const here = { lat: -5.1, lon: 119.4 };

afterEach(() => vi.unstubAllGlobals());

it("names the nearest first, each once, and no more than there is room for", () => {
  const found = [at("RS Jauh", -5.3), at("RS Dekat", -5.11), at("RS Dekat", -5.12), at("RS Tengah", -5.2)];

  expect(nearest(found, here, 2)).toEqual(["RS Dekat", "RS Tengah"]);
});

it("leaves out what is no hospital, and names none without network", async () => {
  vi.stubGlobal("fetch", () => Promise.resolve(new Response(JSON.stringify({ items: [at("Jl. Rumah Sakit", -5.1, "jalan"), at("RS Dekat", -5.11)] }))));
  expect(await hospitalsNear(here, 4)).toEqual(["RS Dekat"]);

  vi.stubGlobal("fetch", () => Promise.reject(new TypeError("no network")));
  expect(await hospitalsNear(here, 4)).toEqual([]);
});
