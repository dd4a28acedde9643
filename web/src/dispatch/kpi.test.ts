import { expect, test } from "vitest";
import { dayOf, metTone, metWord, percent, ratio, seconds } from "./kpi";

test("a target that was missed is never rounded up to met", () => {
  expect(percent(89.99)).toBe("89,9 %");
  expect(percent(null)).toBe("–");
});

test("a part of nothing is unknown", () => {
  expect(ratio(0, 0)).toBeNull();
  expect(ratio(1, 4)).toBe(25);
});

test("missed, met and unknown look and read differently", () => {
  const all = [true, false, null];
  expect(new Set(all.map(metTone)).size).toBe(3);
  expect(new Set(all.map(metWord)).size).toBe(3);
});

test("seconds below a minute keep a tenth", () => {
  expect(seconds(15)).toContain("15,0");
  expect(seconds(900)).toBe("15.00");
});

test("days are those of the city", () => {
  const late = Date.parse("2026-11-24T17:30:00Z");
  expect(dayOf(late, 0, "Asia/Makassar")).toBe("2026-11-25");
  expect(dayOf(late, 1, "UTC")).toBe("2026-11-23");
});
