import { describe, expect, it } from "vitest";
import { findByNumber, readCommand, type WallFacts } from "./command";

const WALL: WallFacts = {
  monitors: 9,
  counts: [1, 4, 6, 9, 12, 16],
  hasCamera: (number) => ["214", "211", "88"].includes(number),
};

describe("the command line", () => {
  it.each([
    ["5 214", { kind: "send", monitor: 5, cameras: ["214"] }],
    ["  5   214 ", { kind: "send", monitor: 5, cameras: ["214"] }],
    ["5 214+211", { kind: "send", monitor: 5, cameras: ["214", "211"] }],
    ["5 214 211 88", { kind: "send", monitor: 5, cameras: ["214", "211", "88"] }],
    ["5", { kind: "select", monitor: 5 }],
    ["5 x", { kind: "clear", monitor: 5 }],
    ["5 r", { kind: "replay", monitor: 5 }],
    ["r", { kind: "replay", monitor: null }],
    ["l 16", { kind: "divide", count: 16 }],
    ["P 2", { kind: "preset", index: 2 }],
    ["c", { kind: "cycle", dwellS: null }],
    ["C 15", { kind: "cycle", dwellS: 15 }],
    ["x", { kind: "clear_all" }],
    ["f", { kind: "full" }],
  ])("reads %j", (line, command) => {
    expect(readCommand(line, WALL)).toEqual({ command });
  });

  it.each([
    ["", "empty", ""],
    ["0", "monitor", "0"],
    ["10 214", "monitor", "10"],
    ["5 999", "camera", "999"],
    ["5 214+999", "camera", "999"],
    ["l 7", "count", "7"],
    ["l", "count", ""],
    ["p", "number", ""],
    ["p 0", "number", "0"],
    ["c ten", "number", "TEN"],
    ["hello", "unknown", "HELLO"],
  ])("says why %j cannot be done", (line, fault, word) => {
    expect(readCommand(line, WALL)).toEqual({ fault, word });
  });
});

describe("a typed number", () => {
  const cameras = [{ number: "088" }, { number: "214" }, { number: "L-7" }];

  it("finds the camera with or without leading zeros", () => {
    expect(findByNumber(cameras, "88")).toBe(cameras[0]);
    expect(findByNumber(cameras, "088")).toBe(cameras[0]);
    expect(findByNumber(cameras, "L-7")).toBe(cameras[2]);
  });

  it("finds nothing rather than something near", () => {
    expect(findByNumber(cameras, "21")).toBeUndefined();
    expect(findByNumber(cameras, "L-8")).toBeUndefined();
  });
});
