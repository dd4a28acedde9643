import { describe, expect, it } from "vitest";
import { AROUND_MS, holdName, isInForce, missingOf, spanToHold, type Hold } from "./holds";

const hold: Hold = {
  id: "1",
  camera: { id: "c", number: 7, name: "Simpang" },
  from: "2026-11-24T06:00:00Z",
  to: "2026-11-24T06:10:00Z",
  reason: "Tabrak lari",
  case_number: "",
  until_at: null,
  state: "held",
  created_at: "2026-11-24T07:00:00Z",
  created_by: "Andi",
  held_by: "Polrestabes",
  released_at: null,
  released_by: "",
  release_reason: null,
  bytes: 1000,
  missing_s: 0,
  may_release: true,
};

describe("a hold", () => {
  it("is called by its case, else by the begin of its reason", () => {
    expect(holdName({ ...hold, case_number: "LP/1" })).toBe("LP/1");
    expect(holdName(hold)).toBe("Tabrak lari");
    expect(holdName({ ...hold, reason: "x".repeat(60) })).toBe(`${"x".repeat(39)}…`);
  });

  it("tells which parts are missing as gaps with their cause", () => {
    const missing = [{ start: "2026-11-24T06:00:00Z", end: "2026-11-24T06:01:00Z", cause: "not_kept" }];
    expect(missingOf({ ...hold, missing })).toEqual([{ start: Date.UTC(2026, 10, 24, 6), end: Date.UTC(2026, 10, 24, 6, 1), cause: "not_kept" }]);
    expect(missingOf(hold)).toEqual([]);
  });

  it("is in force until it is released or ends", () => {
    const states = (["held", "ends_soon", "released", "expired"] as const).map((state) => isInForce({ ...hold, state }));
    expect(states).toEqual([true, true, false, false]);
  });
});

describe("the span to hold", () => {
  const newest = 100_000_000;

  it("is the marked range", () => {
    expect(spanToHold({ from: 10, to: 20 }, 15, newest)).toEqual({ start: 10, end: 20, marked: true });
  });

  it("is five minutes on either side of the playhead when nothing is marked", () => {
    const at = 50_000_000;
    expect(spanToHold({ from: null, to: null }, at, newest)).toEqual({ start: at - AROUND_MS, end: at + AROUND_MS, marked: false });
  });

  it("reaches into the future never, and has always a length", () => {
    expect(spanToHold({ from: null, to: null }, newest, newest)).toEqual({ start: newest - AROUND_MS, end: newest, marked: false });
    expect(spanToHold({ from: newest, to: null }, newest, newest)).toEqual({ start: newest, end: newest + 1000, marked: false });
  });

  it("keeps the one mark there is", () => {
    expect(spanToHold({ from: 5000, to: null }, 9000, newest)).toEqual({ start: 5000, end: 9000 + AROUND_MS, marked: false });
    expect(spanToHold({ from: null, to: 9000 }, 8000, newest)).toEqual({ start: 8000 - AROUND_MS, end: 9000, marked: false });
  });
});
