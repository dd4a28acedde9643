import { describe, expect, it } from "vitest";
import { isOld, pictureOf, StillWatch, type TileFacts } from "./tile";

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
  const grey = (value: number): Uint8ClampedArray => new Uint8ClampedArray(8).fill(value);

  it("counts how long a picture has been equal", () => {
    const watch = new StillWatch();
    expect(watch.sample(grey(7), 100)).toBe(0);
    expect(watch.sample(grey(7), 111)).toBe(11);
  });

  it("begins anew with any change", () => {
    const watch = new StillWatch();
    watch.sample(grey(7), 0);
    expect(watch.sample(grey(8), 30)).toBe(0);
  });

  it("begins anew for a new stream", () => {
    const watch = new StillWatch();
    watch.sample(grey(7), 0);
    watch.reset();
    expect(watch.sample(grey(7), 30)).toBe(0);
  });
});
