import { describe, expect, it } from "vitest";
import { ApiError, isGap } from "$lib/api";
import { bodyOf, closesAt, newId, nextBatch, readQueue, standing, without, type Pressed } from "./queue";
import { SIGNS, STATUSES } from "./signs";
import { Statuses, statusOf } from "./statuses.svelte";
import type { LogEvent, Measure, TaskDetail, WayWorse } from "./types";
import { eventWord, impactWord, oldWayWord, wayWord } from "./words";
import { setZone } from "$lib/format";
import { language } from "$lib/language.svelte";

setZone("Asia/Makassar", "WITA");

const press = (stamp: Pressed["stamp"], more: Partial<Pressed> = {}): Pressed => ({ id: newId(), assignment: "a", stamp, at: "2026-11-24T06:00:00Z", ...more });

describe("what was pressed without network", () => {
  it("counts on the phone at once, and only forward", () => {
    expect(standing("dispatched", "a", [press("accepted"), press("en_route")])).toBe("en_route");
    expect(standing("on_scene", "a", [press("accepted")])).toBe("on_scene");
    expect(standing("accepted", "a", [press("en_route", { assignment: "b" })])).toBe("accepted");
    expect(standing("on_scene", "a", [press("acted"), press("cleared"), press("en_route")])).toBe("cleared");
  });

  it("is sent by assignment, in order, and what was heard is let go", () => {
    const queue = [press("accepted"), press("accepted", { assignment: "b" }), press("en_route")];
    const batch = nextBatch(queue);

    expect(batch?.items.map(({ stamp }) => stamp)).toEqual(["accepted", "en_route"]);
    expect(without(queue, batch?.items ?? []).map(({ assignment }) => assignment)).toEqual(["b"]);
    expect(nextBatch([])).toBeNull();
  });

  it("keeps its id and its time, however late it is sent", () => {
    const one = press("declined", { reason: "ban bocor" });
    const { sent_at, items } = bodyOf([one], "2026-11-24T06:30:00Z");

    expect(sent_at).toBe("2026-11-24T06:30:00Z");
    expect(items).toEqual([{ id: one.id, stamp: "declined", at: one.at, reason: "ban bocor" }]);
  });

  it("is read again after a reload, and a broken store is an empty one", () => {
    const queue = [press("accepted")];

    expect(readQueue(JSON.stringify(queue))).toEqual(queue);
    for (const broken of [null, "", "{}", "[1, null, {}]", "[{"]) expect(readQueue(broken)).toEqual([]);
  });

  it("has ids of version 4 that differ", () => {
    const ids = Array.from({ length: 200 }, newId);

    expect(new Set(ids).size).toBe(200);
    for (const id of ids) expect(id).toMatch(/^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/);
  });

  it("closes a road where the unit stands only if it is near and told so just now", () => {
    const task = { lat: -5.13, lon: 119.42 };
    const near = { lat: -5.131, lon: 119.421, at: "2026-11-24T06:00:00Z" };
    const now = Date.parse("2026-11-24T06:00:30Z");

    expect(closesAt(task, near, now)).toEqual([119.421, -5.131]);
    expect(closesAt(task, near, now + 120_000)).toEqual([119.42, -5.13]);
    expect(closesAt(task, { ...near, lat: -5.2 }, now)).toEqual([119.42, -5.13]);
    expect(closesAt(task, { lat: null, lon: null, at: null }, now)).toEqual([119.42, -5.13]);
  });

  it("waits while the network or the session is away, and is not sent for ever where it is refused", () => {
    const gap = (status: number): boolean => isGap(new ApiError(status, "x", "x"));

    expect([0, 401, 429, 502, 503].map(gap)).toEqual([true, true, true, true, true]);
    expect([404, 409, 422].map(gap)).toEqual([false, false, false]);
    expect(isGap(new DOMException("", "TimeoutError"))).toBe(true);
  });
});

describe("the status of a vehicle", () => {
  it("is unknown without a crew, never free", () => {
    expect(statusOf({ state: null, crew: 0 })).toBe("unknown");
    expect(statusOf({ state: null, crew: 1 })).toBe("available");
    expect(statusOf({ state: "en_route", crew: 0 })).toBe("en_route");
  });

  it("of one out of service is that, unless it is still on a task or in danger", () => {
    const outage = { reason: "fuel", note: "", since: "", by: null } as const;
    expect(statusOf({ state: null, crew: 2, outage })).toBe("out_of_service");
    expect(statusOf({ state: null, crew: 0, outage })).toBe("out_of_service");
    expect(statusOf({ state: "en_route", crew: 2, outage })).toBe("en_route");
    expect(statusOf({ state: null, crew: 2, outage, in_danger: true })).toBe("emergency");
  });

  it("of one that drives home is that while it is free", () => {
    expect(statusOf({ state: null, crew: 2, returning_at: "2026-11-24T06:00:00Z" })).toBe("returning");
    expect(statusOf({ state: null, crew: 0, returning_at: "2026-11-24T06:00:00Z" })).toBe("unknown");
    expect(statusOf({ state: "dispatched", crew: 2, returning_at: null })).toBe("dispatched");
  });

  it("is not said of any vehicle before it was read", () => {
    const statuses = new Statuses();
    expect(statuses.of("1")).toBeNull();

    statuses.isKnown = true;
    statuses.take({ unit: "1", status: "on_scene", since: null, task: "LL-2026-000001", stacked: 0, outage: null });
    expect(statuses.of("1")?.status).toBe("on_scene");
    expect(statuses.of("2")?.status).toBe("unknown");
  });

  it("has a look of its own, without colour as well", () => {
    const shapes = STATUSES.map((status) => [SIGNS[status].path, SIGNS[status].inner ?? "", SIGNS[status].dash ?? "", SIGNS[status].isFilled].join());
    expect(new Set(shapes).size).toBe(STATUSES.length);
  });
});

describe("words", () => {
  const event = (kind: string, detail: LogEvent["detail"] = {}, reason = ""): LogEvent => ({
    id: "1", kind, assignment: "a", happened_at: "", received_at: "", device_at: null, source: "unit", person: null, reason, detail,
  });

  it("of the log name the unit and what it did", () => {
    expect(eventWord(event("acted", { did: "tow" }), "Dishub 1")).toBe("Dishub 1: Derek");
    expect(eventWord(event("dispatched", { unit: "Dishub 1", rank: 1, of: 4 }), null)).toContain("Dishub 1");
    expect(eventWord(event("declined", {}, "ban bocor"), "Dishub 1")).toContain("ban bocor");
  });

  it("of what came after never say because", () => {
    const measure = (length_m: number): Measure => ({ moment: "arrived", due_at: "", at: "", length_m, jam_factor: 7, delay_s: 60, known_share: 1, closed_share: 0, trend: null });
    const impact = (finding: TaskDetail["impact"]["finding"]): string => impactWord({ finding, minutes: 15, before: measure(420), after: measure(120) });

    expect(impact("fell")).toContain("setelah");
    expect(impact("nobody_there")).toContain("420 m");
    for (const finding of ["fell", "same", "grew", "was_shrinking", "nobody_there", "mixed", "unknown", "waiting"] as const) expect(impact(finding)).not.toMatch(/\b(karena|berkat|because)\b/i);
    expect(impactWord({ finding: "fell", minutes: 5, before: null, after: null })).toBe(impact("unknown"));
  });
});

describe("the way before a unit", () => {
  const jam: WayWorse = { kind: "way_worse", at: "2026-11-24T06:00:00Z", was_s: 300, now_s: 840, closed: false, road: "Jl. Veteran", state: "jam", since: "2026-11-24T05:40:00Z", better_s: 540, via: "Jl. Ratulangi" };
  const words = (way: WayWorse): [string, string] => {
    const before = language.current;
    const both = (["id", "en"] as const).map((one) => {
      language.current = one;
      return wayWord(way);
    });
    language.current = before;
    return [both[0] ?? "", both[1] ?? ""];
  };

  it("names the road, what is with it, and by where it is quicker", () => {
    expect(words(jam)).toEqual([
      "Jl. Veteran macet sejak 13.40. Sisa jalannya 14.00, tadinya 5.00. Lewat Jl. Ratulangi: 9.00.",
      "Jl. Veteran is jammed since 13:40. What is left takes 14:00, not 5:00. By Jl. Ratulangi: 9:00.",
    ]);
  });

  it("says no time for a closed road, and so when there is no other way", () => {
    expect(words({ ...jam, closed: true, now_s: null, state: "closed", since: null, via: null })[1]).toBe("Jl. Veteran is closed. No other way is quicker.");
  });

  it("tells of a way that became quicker though none became worse", () => {
    expect(words({ ...jam, kind: "way_better", road: "", state: null, via: "" })[1]).toBe("By a road without a name it is quicker now: 9:00 instead of 14:00.");
  });

  it("is named on the map with its minutes", () => {
    language.current = "en";
    expect(oldWayWord("Damkar 3", jam)).toBe("Damkar 3 now 14 min, jam Jl. Veteran");
    expect(oldWayWord("Damkar 3", { ...jam, closed: true, now_s: null })).toBe("Damkar 3: Jl. Veteran closed");
  });
});
