import { describe, expect, it } from "vitest";
import samples from "./still.samples.json";
import { FROZEN_S, isOld, pictureOf, StillWatch, type TileFacts } from "./tile";

const FRESH: TileFacts = {
  told: "live",
  refused: false,
  unplayable: false,
  paused: false,
  ageS: 0.3,
  equalS: 0,
  hasSnapshot: false,
};

describe("what a tile says", () => {
  it("is live up to two seconds, late up to ten, then stale", () => {
    expect(pictureOf({ ...FRESH, ageS: 2 })).toBe("live");
    expect(pictureOf({ ...FRESH, ageS: 2.1 })).toBe("late");
    expect(pictureOf({ ...FRESH, ageS: 10 })).toBe("late");
    expect(pictureOf({ ...FRESH, ageS: 10.1 })).toBe("stale");
  });

  it("goes stale though the server still says live", () => {
    expect(pictureOf({ ...FRESH, told: "live", ageS: 60 })).toBe("stale");
  });

  it("is frozen when fresh frames have shown the same picture for ten seconds", () => {
    expect(pictureOf({ ...FRESH, equalS: 9.9 })).toBe("live");
    expect(pictureOf({ ...FRESH, equalS: 10 })).toBe("frozen");
  });

  it("says refused before anything else", () => {
    expect(pictureOf({ ...FRESH, refused: true, unplayable: true, told: "offline" })).toBe("refused");
  });

  it("shows frames of a camera told away until they are old", () => {
    expect(pictureOf({ ...FRESH, told: "offline", ageS: 1 })).toBe("live");
    expect(pictureOf({ ...FRESH, told: "offline", ageS: 11 })).toBe("offline");
    expect(pictureOf({ ...FRESH, told: "offline", ageS: null })).toBe("offline");
  });

  it("never calls a stored picture live", () => {
    expect(pictureOf({ ...FRESH, ageS: null, hasSnapshot: true })).toBe("snapshot");
    expect(pictureOf({ ...FRESH, ageS: null })).toBe("starting");
    expect(pictureOf({ ...FRESH, ageS: null, told: "unknown" })).toBe("unknown");
  });

  it("greys what could be mistaken for the present", () => {
    expect(isOld("stale") && isOld("frozen") && isOld("paused")).toBe(true);
    expect(isOld("live") || isOld("late")).toBe(false);
  });
});

describe("the watch for still pictures", () => {
  const CELLS = 96;
  const EVERY_S = 1.05;

  /** A sample of 8 cells that all have one brightness. */
  const grey = (value: number): Uint8ClampedArray => new Uint8ClampedArray(32).fill(value);

  /** What a browser drew, one sample after the other. */
  function recorded(name: "calm_noise_1" | "calm_noise_5" | "freeze" | "street"): Uint8ClampedArray[] {
    const bytes = Uint8Array.from(atob(samples[name]), (letter) => letter.charCodeAt(0));
    return Array.from({ length: bytes.length / CELLS }, (_, i) =>
      Uint8ClampedArray.from({ length: CELLS * 4 }, (_cell, at) => bytes[i * CELLS + (at >> 2)]!),
    );
  }

  function watched(pictures: readonly Uint8ClampedArray[], watch = new StillWatch(), fromS = 0): number[] {
    return pictures.map((picture, i) => watch.sample(picture, fromS + i * EVERY_S));
  }

  it("sees a camera that repeats one picture within 20 seconds, since its first repeat", () => {
    const still = watched(recorded("freeze"));
    const seen = still.findIndex((seconds) => seconds >= FROZEN_S);
    expect(seen * EVERY_S).toBeGreaterThanOrEqual(FROZEN_S);
    expect(seen * EVERY_S).toBeLessThan(20);
    expect(still.slice(seen).every((seconds, i) => Math.abs(seconds - (seen + i) * EVERY_S) < 0.01)).toBe(true);
  });

  it.each(["calm_noise_1", "calm_noise_5", "street"] as const)("accuses no camera of what is only calm: %s", (name) => {
    expect(Math.max(...watched(recorded(name)))).toBeLessThan(FROZEN_S);
  });

  it("sees a freeze after a long calm, and counts no more than 20 samples of the calm to it", () => {
    const watch = new StillWatch();
    const calm = [...recorded("calm_noise_1"), ...recorded("calm_noise_1").reverse()];
    watched(calm, watch);
    const last = calm[calm.length - 1]!;
    const still = watched(Array.from({ length: 30 }, () => last), watch, calm.length * EVERY_S);
    expect(still[29]).toBeGreaterThan(29 * EVERY_S);
    expect(still[29]).toBeLessThan(51 * EVERY_S);
  });

  it("counts how long equal pictures have come, and says nothing before the fifth repeat", () => {
    const watch = new StillWatch();
    expect([0, 1, 2, 3, 4, 5, 6].map((atS) => watch.sample(grey(7), 100 + atS))).toEqual([0, 0, 0, 0, 0, 5, 6]);
  });

  it("begins anew when one small thing moves", () => {
    const watch = new StillWatch();
    for (let atS = 0; atS < 30; atS += 1) watch.sample(grey(7), atS);
    const moved = grey(7);
    moved.set([60, 60, 60, 255], 4);
    expect(watch.sample(moved, 30)).toBe(0);
    expect(watch.sample(moved, 31)).toBe(0);
  });

  it("begins anew for a new stream", () => {
    const watch = new StillWatch();
    for (let atS = 0; atS < 30; atS += 1) watch.sample(grey(7), atS);
    watch.reset();
    expect(watch.sample(grey(7), 30)).toBe(0);
  });
});
