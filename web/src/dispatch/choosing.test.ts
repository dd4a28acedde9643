import { describe, expect, it } from "vitest";
import { choose, lateWord, missingWord, needsOf, shortage, wantedOf } from "./choosing";
import { nextStamps } from "./queue";
import type { Late, Rated, Slot } from "./types";
import { setZone } from "$lib/format";
import { language } from "$lib/language.svelte";

setZone("Asia/Makassar", "WITA");

const rated = (id: string): Rated => ({
  id, name: id.toUpperCase(), kind: "engine", agency: "a", arrives_s: 185, walk_m: null, width_m: 2.5, crew: 4, lat: 0, lon: 0, position_at: null, simulated: false,
});
const slot = (role: string, more: Partial<Slot> = {}): Slot => ({
  role, level: 1, lead: "fire", agency: "a", sent: null, unit: null, others: [], missing: [], named: null, ...more,
});
const twoEngines = { slots: [slot("engine", { unit: rated("d1"), others: [rated("d3"), rated("d4")] }), slot("engine", { unit: rated("d2"), others: [rated("d3"), rated("d4")] })] };

describe("units for the needs of an incident", () => {
  it("are the proposed ones, all ticked, each sent as what it is needed for", () => {
    expect(wantedOf(needsOf(twoEngines, {}), new Set())).toEqual([
      { unit_id: "d1", role: "engine" },
      { unit_id: "d2", role: "engine" },
    ]);
  });

  it("are not sent where a person left one out or one was sent already", () => {
    const found = { slots: [...twoEngines.slots, slot("ambulance", { sent: "am1" })] };

    expect(wantedOf(needsOf(found, {}), new Set(["1.engine.2"]))).toEqual([{ unit_id: "d1", role: "engine" }]);
  });

  it("stay as a person chose them when the question is asked anew, as long as they are offered", () => {
    const choices = choose({}, "1.engine.1", "d3");
    const gone = { slots: [slot("engine", { unit: rated("d1"), others: [] })] };

    expect(needsOf(twoEngines, choices)[0]?.unit?.id).toBe("d3");
    expect(needsOf(gone, choices)[0]?.unit?.id).toBe("d1");
  });

  it("go for one need alone: who is chosen for another leaves the first", () => {
    const choices = choose(choose({}, "1.engine.1", "d3"), "1.engine.2", "d3");

    expect(needsOf(twoEngines, choices).map(({ unit }) => unit?.id)).toEqual(["d1", "d3"]);
  });

  it("are named with the reason where there is none, the nearest beside it", () => {
    const named = { id: "d7", name: "DK-07", agency: "a", position_at: null, task: "112-2026-000042/1", arrives_s: 390 };
    const one = slot("engine", { missing: [{ why: "busy", count: 2 }, { why: "no_crew", count: 1 }], named });

    const text = missingWord(one);

    for (const part of ["Sedang bertugas 2", "Belum ada petugas yang masuk 1", "DK-07", "112-2026-000042/1", "6.30"]) expect(text).toContain(part);
    expect(missingWord(slot("boat", { missing: [{ why: "none_such", count: 1 }] }))).toBe("Tidak ada unit sejenis");
  });

  it("are short of what neither stands proposed nor was sent", () => {
    const found = { slots: [slot("engine"), slot("engine"), slot("engine", { sent: "d9" }), slot("ambulance")] };

    expect(shortage(needsOf(found, {}))).toBe("2 Mobil pemadam, 1 Ambulans");
  });
});

describe("what a crew can say next", () => {
  it("is for ambulances also that they carry somebody, and only at incidents", () => {
    expect(nextStamps("on_scene", "ambulance", true)).toEqual(["transporting", "at_facility", "cleared"]);
    expect(nextStamps("on_scene", "engine", true)).toEqual(["cleared"]);
    expect(nextStamps("en_route", "engine", true)).toEqual(["delayed", "staged", "on_scene", "cleared"]);
    expect(nextStamps("en_route", "dishub", false)).toEqual(["delayed", "on_scene", "cleared"]);
    expect(nextStamps("delayed", "dishub", false)).toEqual(["en_route", "on_scene", "cleared"]);
    expect(nextStamps("accepted", "dishub", false)).toEqual(["en_route", "on_scene", "cleared"]);
    expect(nextStamps("cancelled", "engine", true)).toEqual([]);
  });
});

describe("why the law would be broken", () => {
  const late: Late = { why: "traffic", since_call_s: 60, arrives_s: 1000, over_s: 160, unit: "Damkar 1", nearer: null, traffic_s: 300, cause: { road: "Jl. Veteran", state: "jam", since: "2026-11-24T05:40:00Z", lost_s: 240, is_avoided: false } };

  it("names the road that makes the drive longer, and what it costs", () => {
    language.current = "en";

    expect(lateWord(late)).toBe("Damkar 1 would be 2:40 over; traffic adds 5:00. Jl. Veteran is jammed since 13:40. It costs 4:00.");
    expect(lateWord({ ...late, why: "far", cause: { road: "", state: "closed", since: null, lost_s: null, is_avoided: true } })).toBe("Damkar 1 is the nearest, 2:40 over. A road without a name is closed. The way goes round it.");
    expect(lateWord({ ...late, cause: null })).toBe("Damkar 1 would be 2:40 over; traffic adds 5:00.");
  });
});
