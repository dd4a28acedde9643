import { describe, expect, it } from "vitest";
import { boundsFor, completeGaps, correct, gapAt, MasterClock, modeFor, skipTo, SPEEDS, STRAY_S } from "./sync";

describe("the master clock", () => {
  it("stands until it is told to play", () => {
    expect(new MasterClock(1000, 0).at(500)).toBe(1000);
  });

  it("runs at its speed, and keeps its place when the speed changes", () => {
    const clock = new MasterClock(1000, 0);
    clock.play(0);
    clock.setSpeed(100, 4);
    expect(clock.at(100)).toBe(1100);
    expect(clock.at(200)).toBe(1500);
  });

  it("stands while it is held and loses nothing", () => {
    const clock = new MasterClock(0, 0);
    clock.play(0);
    clock.hold(100, true);
    expect(clock.at(5000)).toBe(100);
    clock.hold(5000, false);
    expect(clock.at(5100)).toBe(200);
    expect(clock.playing).toBe(true);
  });

  it("pauses where it is and seeks while paused", () => {
    const clock = new MasterClock(0, 0);
    clock.play(0);
    clock.pause(40);
    expect(clock.at(999)).toBe(40);
    clock.seek(999, 7000);
    expect(clock.at(2000)).toBe(7000);
  });
});

describe("a correction", () => {
  it("leaves alone what is near enough", () => {
    expect(correct(STRAY_S, 5, 1, true)).toEqual({ seekTo: null, rate: 1 });
  });

  it("slows what is ahead and hurries what is behind", () => {
    expect(correct(0.2, 5, 1, true).rate).toBeLessThan(1);
    expect(correct(-0.2, 5, 1, true).rate).toBeGreaterThan(1);
    expect(correct(-0.2, 5, 1, true).seekTo).toBeNull();
  });

  it("seeks what is far, ahead by the time a seek takes", () => {
    expect(correct(-3, 50, 2, true, 0.1).seekTo).toBeCloseTo(50.2);
  });

  it("sets a paused picture on the exact moment", () => {
    expect(correct(0.03, 5, 1, false).seekTo).toBe(5);
    expect(correct(0.01, 5, 1, false).seekTo).toBeNull();
  });

  it("never asks the element for more than it can do", () => {
    expect(correct(-5, 5, 16, true).rate).toBeLessThanOrEqual(16);
  });

  it("brings a simulated picture under 80 ms and keeps it there", () => {
    let media = 0;
    const clock = new MasterClock(0, 0);
    clock.play(0);
    let wall = 0;
    for (let now = 0; now < 20_000; now += 100) {
      wall = clock.at(now) / 1000;
      const step = correct(media - wall, wall, 1, true);
      if (step.seekTo !== null) media = step.seekTo;
      media += 0.1 * step.rate * 0.995;
    }
    expect(Math.abs(media - wall)).toBeLessThan(STRAY_S + 0.11);
  });
});

describe("speeds", () => {
  it("above four fetch key frames only", () => {
    expect(SPEEDS.map(modeFor)).toEqual(["all", "all", "all", "all", "all", "keys", "keys"]);
  });

  it("keep a bounded buffer that lasts at least six seconds of viewing", () => {
    for (const speed of SPEEDS) {
      const bounds = boundsFor(speed);
      expect(bounds.aheadS / speed).toBeGreaterThanOrEqual(6);
      expect(bounds.windowS).toBeLessThanOrEqual(600);
    }
  });
});

describe("gaps", () => {
  const gap = { start: 10, end: 20, cause: "offline" };

  it("hold a moment from their start to before their end", () => {
    expect(gapAt([gap], 10)).toBe(gap);
    expect(gapAt([gap], 20)).toBeUndefined();
  });

  it("are skipped only where every camera has one", () => {
    expect(skipTo([[gap], [{ ...gap, end: 15 }]], 12)).toBe(15);
    expect(skipTo([[gap], []], 12)).toBeNull();
    expect(skipTo([], 12)).toBeNull();
  });

  it("are named also where neither a recording nor a gap is known", () => {
    const all = completeGaps([{ start: 0, end: 5000 }], [{ start: 5000, end: 8000, cause: "offline" }], 0, 20_000);
    expect(all).toEqual([
      { start: 5000, end: 8000, cause: "offline" },
      { start: 8000, end: 20_000, cause: "unknown" },
    ]);
  });

  it("are not invented from the seams between segments", () => {
    const spans = [
      { start: 0, end: 5000 },
      { start: 5040, end: 9000 },
    ];
    expect(completeGaps(spans, [], 0, 9000)).toEqual([]);
  });
});
