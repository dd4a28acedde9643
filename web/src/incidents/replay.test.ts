import { describe, expect, it } from "vitest";
import { correct } from "../playback/sync";
import { doingAt, heardAt, positionAt, roadsAt, rowAt, soundAt, stampBeside, trailUntil, type Fix, type Moment, type ReplayCall } from "./replay";

const T = Date.parse("2026-11-24T06:00:00Z");
const at = (s: number): string => new Date(T + s * 1000).toISOString();
const fix = (s: number, lon: number): Fix => ({ at: at(s), lat: 0, lon });
const moment = (s: number, more: Partial<Moment> = {}): Moment => ({ at: at(s), sort: "log", kind: "sent", who: "", text: "", is_backdated: false, detail: {}, ...more });
const call = (id: string, s: number, length: number | null): ReplayCall => ({ id, class: null, offered_at: at(s), answered_at: null, ended_at: null, recording_s: length, recording_sha256: null });

describe("where a unit was", () => {
  const items = [fix(0, 10), fix(10, 20), fix(100, 30)];

  it("is nowhere before its first position", () => expect(positionAt(items, T - 1)).toBeNull());
  it("lies between two positions that are close in time", () => expect(positionAt(items, T + 5_000)).toMatchObject({ lon: 15, isOld: false }));
  it("stays at the last one, and is said to be old, over a hole", () => expect(positionAt(items, T + 60_000)).toMatchObject({ lon: 20, isOld: true, agoMs: 50_000 }));
  it("is drawn as a trail with the hole left open", () => {
    expect(trailUntil([...items, fix(105, 31)], T + 200_000)).toEqual([[[10, 0], [20, 0]], [[30, 0], [31, 0]]]);
    expect(trailUntil(items, T + 5_000)).toEqual([]);
  });
});

describe("the story", () => {
  const story = [moment(0), moment(10, { sort: "unit", kind: "dispatched", detail: { unit: "u" } }), moment(10), moment(30, { sort: "unit", kind: "on_scene", detail: { unit: "u" } })];

  it("stands at the last row that has happened", () => {
    expect(rowAt(story, T - 1)).toBe(-1);
    expect(rowAt(story, T + 10_000)).toBe(2);
  });
  it("tells what a unit was doing", () => {
    expect(doingAt(story, "u", T + 9_000)).toBeNull();
    expect(doingAt(story, "u", T + 20_000)?.kind).toBe("dispatched");
  });
  it("leads from stamp to stamp and ends at both ends", () => {
    expect(stampBeside(story, T, 1)).toBe(T + 10_000);
    expect(stampBeside(story, T + 10_000, 1)).toBe(T + 30_000);
    expect(stampBeside(story, T + 10_000, -1)).toBe(T);
    expect(stampBeside(story, T + 30_000, 1)).toBeNull();
    expect(stampBeside(story, T, -1)).toBeNull();
  });
});

describe("what is heard", () => {
  it("is the chosen call while it lasts, else the first that lasts, and none without a recording", () => {
    const calls = [call("a", 0, 60), call("b", 30, 60), call("c", 0, null)];
    expect(heardAt(calls, null, T + 40_000)?.id).toBe("a");
    expect(heardAt(calls, "b", T + 40_000)?.id).toBe("b");
    expect(heardAt(calls, "a", T + 70_000)?.id).toBe("b");
    expect(heardAt(calls, "c", T + 95_000)).toBeNull();
  });
  it("keeps its pitch up to four times the speed and is silent beyond", () => {
    expect(soundAt(4)).toEqual({ rate: 4, isSilent: false });
    expect(soundAt(10)).toEqual({ rate: 4, isSilent: true });
  });
});

describe("the roads of then", () => {
  it("are what was kept last, unless that is too old to say anything", () => {
    expect(roadsAt([at(0), at(300)], T + 400_000)).toBe(at(300));
    expect(roadsAt([at(0)], T + 601_000)).toBeNull();
    expect(roadsAt([], T)).toBeNull();
  });
});

describe("pictures at twenty times the speed", () => {
  it("never ask a browser for more than it plays", () => {
    for (const stray of [-100, -1, 0, 1, 100]) for (const playing of [true, false]) expect(correct(stray, 50, 20, playing).rate).toBeLessThanOrEqual(16);
  });
});
