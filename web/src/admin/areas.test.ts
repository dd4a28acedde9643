import { expect, it } from "vitest";
import { areas, choicesOf, named } from "./areas.svelte";

it("names a ward with its district, and a district alone", () => {
  const names = named([
    { code: "73.71.04", name: "Ujung Pandang" },
    { code: "73.71.04.1006", name: "Baru" },
    { code: "73.71.05.1001", name: "Bara-Baraya" },
  ]);
  expect([...names.values()]).toEqual(["Ujung Pandang", "Baru, Ujung Pandang", "Bara-Baraya"]);
});

it("leaves the code of an area that nobody named", () => {
  expect(areas.nameOf("73.71.99")).toBe("73.71.99");
});

it("offers the city, its districts by name, and then their wards", () => {
  const names = new Map([
    ["73.71.04", "Ujung Pandang"],
    ["73.71.01", "Mariso"],
    ["73.71.04.1006", "Baru, Ujung Pandang"],
  ]);
  expect(choicesOf(names, "Makassar").map(({ value, label }) => `${value} ${label}`)).toEqual([
    "73.71 Makassar",
    "73.71.01 Mariso",
    "73.71.04 Ujung Pandang",
    "73.71.04.1006 Baru, Ujung Pandang",
  ]);
  expect(choicesOf(new Map(), "Makassar")).toEqual([]);
});

it("offers no whole for areas of two cities", () => {
  expect(choicesOf(new Map([["73.71.04", "A"], ["73.06.01", "B"]]), "Makassar").map(({ value }) => value)).toEqual(["73.71.04", "73.06.01"]);
});
