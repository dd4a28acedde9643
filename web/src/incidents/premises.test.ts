import { describe, expect, it } from "vitest";
import { bodyOf, degrees, opened } from "./premises";

describe("premises", () => {
  it("reads degrees as people type them", () => {
    expect(degrees("-5,1246", 90)).toBe(-5.1246);
    expect(degrees(" 119.4 ", 180)).toBe(119.4);
    expect(degrees("", 90)).toBeNull();
    expect(degrees("91", 90)).toBeNull();
    expect(degrees("lima", 90)).toBeNull();
  });

  it("names each field that is to be mended, and sends nothing half", () => {
    expect(bodyOf(opened(null))).toEqual({ wrong: new Set(["name", "lat", "lon"]) });
    expect(bodyOf({ ...opened(null), name: " Masjid ", lat: "-5,1", lon: "x" })).toEqual({ wrong: new Set(["lon"]) });
  });

  it("gives back what it opened", () => {
    const kept = { kind: "worship", name: "Masjid", lat: -5.1, lon: 119.4, dangers: ["gas"], aliases: "a", hazards: "b", access: "c", key_holder: "d", hydrant: "e", plan: "f", contacts: "g" } as const;
    expect(bodyOf(opened({ ...kept, dangers: [...kept.dangers] }))).toEqual({ body: kept });
  });
});
