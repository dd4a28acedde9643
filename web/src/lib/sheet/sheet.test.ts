import { expect, test } from "vitest";
import { scrollToRow, sight } from "./sight";
import { sortRows } from "./sort";

test("a short list is drawn whole, a long one only in sight", () => {
  expect(sight(0, 600, 28, 200)).toEqual({ first: 0, last: 200 });
  expect(sight(2_800, 560, 28, 5_000)).toEqual({ first: 92, last: 128 });
});

test("a row scrolls into sight by the shortest way", () => {
  expect(scrollToRow(0, 28, 560, 280)).toBe(0);
  expect(scrollToRow(25, 28, 560, 280)).toBe(560);
  expect(scrollToRow(40, 28, 560, 280)).toBe(868);
});

test("numbers inside words count as numbers, and the unknown stays last either way", () => {
  const rows = ["Lorong 10", "Lorong 2", null];

  expect(sortRows(rows, (row) => row, "ascending")).toEqual(["Lorong 2", "Lorong 10", null]);
  expect(sortRows(rows, (row) => row, "descending")).toEqual(["Lorong 10", "Lorong 2", null]);
});
