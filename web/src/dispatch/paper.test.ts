import { expect, test } from "vitest";
import { clockOf, instantsOf } from "./paper";

const ZONE = "Asia/Makassar";
const times = (dispatched: string, en_route: string, on_scene: string, cleared: string): { dispatched: string; en_route: string; on_scene: string; cleared: string } => ({ dispatched, en_route, on_scene, cleared });

test("a time of day is read as people write it", () => {
  expect(["7.05", "0705", "19:40", "24.00", "7.5", "", "19.60"].map(clockOf)).toEqual(["07.05", "07.05", "19.40", null, null, null, null]);
});

test("times follow the call, over midnight too, and what is not known is left out", () => {
  // 23.50 in Makassar.
  expect(instantsOf("2026-11-26T15:50:20.000Z", times("23.52", "", "00.04", "1.30"), ZONE)).toEqual({
    dispatched: "2026-11-26T15:52:00.000Z",
    on_scene: "2026-11-26T16:04:00.000Z",
    cleared: "2026-11-26T17:30:00.000Z",
  });
});

test("the minute of the call is not before it", () => {
  expect(instantsOf("2026-11-26T06:00:30.000Z", times("14.00", "", "", "15.00"), ZONE)?.dispatched).toBe("2026-11-26T06:00:30.000Z");
});

test("a run without its first or last time, or with no time, is none yet", () => {
  expect(instantsOf("2026-11-26T06:00:00.000Z", times("", "", "", "15.00"), ZONE)).toBeNull();
  expect(instantsOf("2026-11-26T06:00:00.000Z", times("14.02", "", "", ""), ZONE)).toBeNull();
  expect(instantsOf("2026-11-26T06:00:00.000Z", times("14.02", "25.00", "", "15.00"), ZONE)).toBeNull();
});
