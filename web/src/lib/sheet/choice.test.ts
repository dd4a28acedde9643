import { expect, test } from "vitest";
import { choicesThatFit, type Choice } from "./choice";

const areas: Choice[] = [
  { value: "73.71", label: "Makassar", note: "73.71" },
  { value: "73.71.01", label: "Mariso", note: "73.71.01" },
  { value: "73.71.01.1001", label: "Bontorannu, Mariso", note: "73.71.01.1001" },
  { value: "73.71.02", label: "Mamajang", note: "73.71.02" },
];
const found = (typed: string, most = 10): string[] => choicesThatFit(areas, typed, most).map(({ value }) => value);

test("nothing typed offers everything in its order, up to a bound", () => {
  expect(found("")).toEqual(["73.71", "73.71.01", "73.71.01.1001", "73.71.02"]);
  expect(found("  ", 2)).toEqual(["73.71", "73.71.01"]);
});

test("names are found by their beginnings, and with a slip", () => {
  expect(found("mar")).toEqual(["73.71.01", "73.71.01.1001"]);
  expect(found("mamanjang")).toEqual(["73.71.02"]);
  expect(found("bonto mariso")).toEqual(["73.71.01.1001"]);
  expect(found("gowa")).toEqual([]);
});

test("a code is meant before any name, the whole one first and the wider area next", () => {
  expect(found("73.71.01")).toEqual(["73.71.01", "73.71.01.1001"]);
  expect(found("73.71")[0]).toBe("73.71");
  expect(found("73.71.0")).toEqual(["73.71.01", "73.71.02", "73.71.01.1001"]);
});

test("a number is found without the noughts it is written with", () => {
  const cameras: Choice[] = [
    { value: "12", label: "Karebosi", note: "012" },
    { value: "1", label: "Balai Kota", note: "001" },
  ];
  expect(choicesThatFit(cameras, "1", 5).map(({ value }) => value)).toEqual(["1"]);
});
