import { describe, expect, it } from "vitest";
import { around, atX, bars, CLOSEST_MS, dayStart, follow, hours, ticks, WIDEST_MS, xOf, zoomBy, zoomTo } from "./axis";

const NOON = Date.UTC(2026, 10, 24, 4);
const MINUTE = 60_000;
const WITA = 8 * 3_600_000;

describe("the time axis", () => {
  it("maps moments to pixels and back", () => {
    const view = around(NOON, 30 * MINUTE);
    expect(xOf(view, 900, NOON)).toBeCloseTo(450);
    expect(atX(view, 900, xOf(view, 900, NOON + 12_345))).toBeCloseTo(NOON + 12_345, 3);
  });

  it.each([-900, -100, 100, 900])("keeps the playhead on its pixel when the wheel turns %d", (turn) => {
    const view = around(NOON, 30 * MINUTE);
    const head = NOON + 7 * MINUTE;
    expect(xOf(zoomBy(view, turn, head), 900, head)).toBeCloseTo(xOf(view, 900, head), 1);
  });

  it("zooms between five minutes and a day", () => {
    const view = around(NOON, 30 * MINUTE);
    const closest = zoomTo(view, 1, NOON);
    const widest = zoomTo(view, 1e12, NOON);
    expect(closest.end - closest.start).toBe(CLOSEST_MS);
    expect(widest.end - widest.start).toBe(WIDEST_MS);
  });

  it("comes back to a playhead out of sight when zooming", () => {
    const view = around(NOON, 30 * MINUTE);
    expect(xOf(zoomTo(view, 5 * MINUTE, NOON + 90 * MINUTE), 900, NOON + 90 * MINUTE)).toBeCloseTo(450);
  });

  it("turns the page before the playhead runs out", () => {
    const view = around(NOON, 30 * MINUTE);
    expect(follow(view, NOON)).toBe(view);
    const turned = follow(view, view.end - 1);
    expect(xOf(turned, 100, view.end - 1)).toBeCloseTo(20);
  });

  it("labels round local times, far enough apart to read", () => {
    for (const span of [5, 30, 240, 1440]) {
      const major = ticks(around(NOON, span * MINUTE), 900, WITA).filter((t) => t.major);
      expect(major.length).toBeGreaterThanOrEqual(3);
      expect(major[1]!.x - major[0]!.x).toBeGreaterThanOrEqual(74);
      expect((major[0]!.at + WITA) % (10 * 1000)).toBe(0);
    }
  });
});

describe("bars on the axis", () => {
  const view = { start: 1000, end: 2000 };

  it("are cut at the rim and left out beyond it", () => {
    const drawn = bars(view, 100, [
      { start: 0, end: 1100 },
      { start: 1900, end: 9000 },
      { start: 2000, end: 2100 },
    ]);
    expect(drawn.map((b) => [b.x, b.width])).toEqual([
      [0, 10],
      [90, 10],
    ]);
  });

  it("are never too thin to be seen", () => {
    expect(bars(view, 100, [{ start: 1500, end: 1501 }])[0]!.width).toBe(1.5);
  });
});

describe("the day strip", () => {
  it("begins at local midnight", () => {
    expect(new Date(dayStart(NOON, WITA)).toISOString()).toBe("2026-11-23T16:00:00.000Z");
  });

  it("marks hours with recordings and hours with gaps", () => {
    const day = dayStart(NOON, WITA);
    const marks = hours(day, [{ start: day, end: day + 90 * MINUTE }], [{ start: day + 70 * MINUTE, end: day + 71 * MINUTE }]);
    expect(marks.slice(0, 3).map((m) => [m.recorded, m.gap])).toEqual([
      [true, false],
      [true, true],
      [false, false],
    ]);
  });
});
