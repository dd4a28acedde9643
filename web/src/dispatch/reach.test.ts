import { expect, test } from "vitest";
import { classOf, standingOf, type WardTime } from "./reach";

const ward = (name: string, kecamatan: string, seconds: number | null): WardTime => ({ code: name, name, kecamatan, seconds, unit: seconds === null ? null : "P1", why: seconds === null ? "no_way" : null });

test("the limit itself is within it, half of it is near, and nothing is unknown", () => {
  expect([450, 451, 900, 901, null].map((seconds) => classOf(seconds, 900))).toEqual(["near", "within", "within", "late", "unknown"]);
});

test("whoever is reached last is seen first, and what nobody knows before them", () => {
  const standing = standingOf({ limit_s: 900, items: [ward("Baru", "Ujung Pandang", 300), ward("Bira", "Tamalanrea", 1000), ward("Untia", "Biringkanaya", null), ward("Daya", "Biringkanaya", 200), ward("Kapasa", "Tamalanrea", 1000)] });

  expect(standing.districts.map(({ name, wards }) => [name, ...wards.map((one) => one.name)])).toEqual([
    ["Biringkanaya", "Untia", "Daya"],
    ["Tamalanrea", "Bira", "Kapasa"],
    ["Ujung Pandang", "Baru"],
  ]);
  expect([standing.within, standing.late, standing.unknown]).toEqual([2, 2, 1]);
});
