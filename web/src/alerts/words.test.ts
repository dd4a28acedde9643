import { describe, expect, it } from "vitest";
import type { Info, Source } from "./types";
import { circleRing, CHOICES, headlineOf, infoFor, readCircle, ringsOf, sourceState, wordOf } from "./words";

const NOW = Date.parse("2026-11-24T06:00:00Z");
const source = (more: Partial<Source>): Source => ({ source: "BMKG", url: "u", every_s: 120, tried_at: null, ok_at: null, problem: null, detail: null, ...more });
const info = (language: string, more: Partial<Info> = {}): Info => ({ language, event: "e", categories: [], urgency: "", severity: "", certainty: "", responses: [], sender_name: "", headline: language, description: "", instruction: "", web: "", contact: "", areas: [], ...more });

describe("alerts", () => {
  it("tells never asked, fresh, stale and failing apart", () => {
    expect(sourceState(source({}), NOW)).toBe("never");
    expect(sourceState(source({ ok_at: "2026-11-24T05:51:00Z" }), NOW)).toBe("fresh");
    expect(sourceState(source({ ok_at: "2026-11-24T05:49:00Z" }), NOW)).toBe("stale");
    expect(sourceState(source({ ok_at: "2026-11-24T05:59:00Z", problem: "away" }), NOW)).toBe("failing");
  });

  it("shows the block in the reader's language, else English, else the first", () => {
    const blocks = [info("fr"), info("en-GB"), info("id-ID")];
    expect(infoFor(blocks, "id")?.language).toBe("id-ID");
    expect(infoFor(blocks.slice(0, 2), "id")?.language).toBe("en-GB");
    expect(infoFor(blocks.slice(0, 1), "id")?.language).toBe("fr");
    expect(headlineOf({ identifier: "x1", body: { note: "", infos: [] } }, "id")).toBe("x1");
  });

  it("has a word for each choice of the standard, and keeps one that it does not know", () => {
    for (const [list, values] of Object.entries(CHOICES)) for (const value of values) expect(wordOf(list as keyof typeof CHOICES, value), value).not.toBe("");
    expect(wordOf("severity", "Severe")).toBe("Berat");
    expect(wordOf("urgency", "Unknown")).toBe("Tidak diketahui");
    expect(wordOf("severity", "Awful")).toBe("Awful");
  });

  it("reads a circle as people type it and nothing else", () => {
    expect(readCircle(" ")).toBeNull();
    expect(readCircle("-5,14; 119,42; 3")).toEqual([-5.14, 119.42, 3]);
    expect(readCircle("-5.14 119.42 3")).toEqual([-5.14, 119.42, 3]);
    for (const bad of ["-5.14", "a b c", "91 0 1", "0 0 0", "0 0 900", "1 2 3 4"]) expect(readCircle(bad)).toBeUndefined();
  });

  it("draws each outline once, however many languages tell it", () => {
    const areas = [{ description: "a", polygons: [[[-5, 119], [-5, 120], [-6, 119], [-5, 119]]] as [number, number][][], circles: [[-5, 119, 10]] as [number, number, number][] }];
    const rings = ringsOf({ body: { note: "", infos: [info("id", { areas }), info("en", { areas })] } });
    expect(rings).toHaveLength(2);
    expect(rings[0]?.[0]).toEqual([119, -5]);
    expect(Math.max(...circleRing([-5, 119, 10]).map(([, lat]) => lat))).toBeCloseTo(-5 + 10 / 111.195, 3);
  });
});
