import { describe, expect, it } from "vitest";
import { hoursLeft } from "./types";

describe("the hours left of a deadline", () => {
  const due = "2026-11-27T06:00:00Z";

  it("are counted down from 72", () => {
    expect(hoursLeft(due, Date.parse("2026-11-24T06:00:00Z"))).toBe(72);
    expect(hoursLeft(due, Date.parse("2026-11-24T06:00:01Z"))).toBe(71);
  });

  it("are negative from the first moment after it", () => {
    expect(hoursLeft(due, Date.parse(due))).toBe(0);
    expect(hoursLeft(due, Date.parse(due) + 1)).toBe(-1);
  });
});
