import { expect, test } from "vitest";
import { instantOf, typedOf } from "./citytime";

test("what is typed is the city's clock, wherever the browser runs", () => {
  expect(instantOf("24-11-2026 14.27", "Asia/Makassar")).toBe("2026-11-24T06:27:00.000Z");
  expect(instantOf("24/11/2026 14:27", "Asia/Jayapura")).toBe("2026-11-24T05:27:00.000Z");
  expect(instantOf("1-3-2026", "Asia/Makassar")).toBe("2026-02-28T16:00:00.000Z");
});

test("no day is taken that does not exist", () => {
  expect(["", "31-02-2026", "24-11-2026 25.00", "besok"].map((typed) => instantOf(typed, "Asia/Makassar"))).toEqual([null, null, null, null]);
});

test("an instant comes back as it is typed", () => {
  expect(typedOf("2026-11-24T06:27:00Z", "Asia/Makassar")).toBe("24-11-2026 14.27");
});

test("a zone that changes its clocks is asked at the right side of the change", () => {
  expect(instantOf("29-03-2026 04.00", "Europe/Berlin")).toBe("2026-03-29T02:00:00.000Z");
});
