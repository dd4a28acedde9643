import { expect, it } from "vitest";
import { areas, named } from "./areas.svelte";

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
