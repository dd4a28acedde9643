import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { api } from "$lib/api";
import { bodyOf, EMPTY, endOf, withoutLast, withPoint } from "./draft";
import { Jams } from "./jams.svelte";
import { RoadStates } from "./roads.svelte";
import { changed, classOf, numbers, sureness } from "./signs";
import type { Jam } from "./types";

describe("signs of roads", () => {
  it("never make a road that is unknown a free one", () => {
    expect(classOf(0)).toBe("unknown");
    expect(classOf(99)).toBe("unknown");
    expect(sureness(0)).toBe(0);
  });

  it("have the bounds of the legend: above .8, .6, .4 and below", () => {
    expect([1, 2, 3, 4, 5, 6, 7].map(classOf)).toEqual(["free", "free", "busy", "busy", "dense", "jammed", "closed"]);
  });

  it("tell what somebody saw from what was worked out", () => {
    // Unknown, measured, reported, typical, neighbours, closed.
    expect([0, 1, 2, 3, 4, 5].map(sureness)).toEqual([0, 1, 1, 2, 2, 1]);
  });

  it("are read as the server writes them", () => {
    const { colour, how } = numbers({ colour: "0617", how: "umrc" });

    expect([...colour]).toEqual([0, 6, 1, 7]);
    expect([...how]).toEqual([0, 1, 2, 5]);
  });

  it("touch only what looks different", () => {
    const before = numbers({ colour: "01366", how: "ummmm" });
    const after = numbers({ colour: "02466", how: "umrmn" });

    // 1 to 2 and 3 to 4 are one class each; the last became an estimate.
    expect(changed(before, after)).toEqual([4]);
    expect(changed(null, before)).toEqual([1, 2, 3, 4]);
  });
});

describe("the state of roads in a tab", () => {
  beforeEach(() => {
    vi.spyOn(api, "get").mockResolvedValue({ pack: "p", at: 100, colour: "000", how: "uuu" });
  });
  afterEach(() => vi.restoreAllMocks());

  it("takes what changed, and only that", async () => {
    const roads = new RoadStates();
    await roads.refetch();
    roads.take({ pack: "p", at: 110, edges: [2], colour: "6", how: "m" });

    expect([...roads.drawn.colour]).toEqual([0, 0, 6]);
    expect(roads.at).toBe(110);
  });

  it("loses nothing that is told while it asks, and takes nothing twice", async () => {
    const roads = new RoadStates();
    const asked = roads.refetch();
    roads.take({ pack: "p", at: 90, edges: [0], colour: "6", how: "m" });
    roads.take({ pack: "p", at: 110, edges: [1], colour: "5", how: "m" });
    await asked;

    expect([...roads.drawn.colour]).toEqual([0, 5, 0]);
  });

  it("reads everything again for another pack, and when it is told to", async () => {
    const roads = new RoadStates();
    await roads.refetch();
    roads.take({ pack: "other", at: 110, edges: [9], colour: "6", how: "m" });
    await vi.waitFor(() => expect(api.get).toHaveBeenCalledTimes(2));
    await vi.waitFor(() => expect(roads.changes).toBe(2));
    roads.take({ pack: "p", at: 120, reset: true });

    await vi.waitFor(() => expect(api.get).toHaveBeenCalledTimes(3));
  });

  it("goes on with the present while the past is looked at", async () => {
    const roads = new RoadStates();
    await roads.refetch();
    vi.mocked(api.get).mockResolvedValueOnce({ pack: "p", at: 50, colour: "111", how: "mmm" });
    await roads.showPast("2026-11-24T06:00:00Z");
    roads.take({ pack: "p", at: 110, edges: [0], colour: "6", how: "m" });
    const then = [...roads.drawn.colour];
    roads.showNow();

    expect(then).toEqual([1, 1, 1]);
    expect([...roads.drawn.colour]).toEqual([6, 0, 0]);
  });

  it("knows of which roads nobody sees anything any more", async () => {
    const roads = new RoadStates();
    const before = roads.isSeen([0]);
    await roads.refetch();
    roads.take({ pack: "p", at: 110, edges: [0, 1], colour: "66", how: "mn" });

    expect([before, roads.isSeen([0, 1]), roads.isSeen([1, 2])]).toEqual([null, true, false]);
  });

  it("says that it failed, and keeps what it knew", async () => {
    const roads = new RoadStates();
    await roads.refetch();
    vi.mocked(api.get).mockRejectedValueOnce(new Error("away"));
    await roads.refetch();

    expect(roads.failure).not.toBeNull();
    expect(roads.drawn.colour).toHaveLength(3);
  });
});

describe("jams in a tab", () => {
  const jam = (id: string, queue_m: number): Jam => ({ id, queue_m }) as Jam;

  it("stand by the length of their queues, each once", () => {
    const jams = new Jams();
    jams.take("raised", jam("a", 100));
    jams.take("raised", jam("b", 300));
    jams.take("changed", jam("a", 500));

    expect(jams.list.map(({ id }) => id)).toEqual(["a", "b"]);
    expect(jams.byId("b")?.queue_m).toBe(300);
  });

  it("go when they are cleared", () => {
    vi.spyOn(api, "get").mockResolvedValue({ items: [], ended: [] });
    const jams = new Jams();
    jams.take("raised", jam("a", 100));
    jams.take("cleared", jam("a", 100));

    expect(jams.list).toEqual([]);
    vi.restoreAllMocks();
  });
});

describe("a closure that is drawn", () => {
  it("grows and shrinks by points", () => {
    const two = withPoint(withPoint(EMPTY, 119.41234567, -5.1), 119.5, -5.2);

    expect(two.line).toEqual([[119.412346, -5.1], [119.5, -5.2]]);
    expect(withoutLast(two).line).toHaveLength(1);
    expect(withoutLast(EMPTY).line).toEqual([]);
  });

  it("ends after its hours, or at the moment that was chosen, or nobody knows", () => {
    expect(endOf({ ...EMPTY, hours: 2 }, 0)?.getTime()).toBe(7_200_000);
    expect(endOf({ ...EMPTY, hours: 0, until: "2026-11-25T18:00" }, 0)).toEqual(new Date("2026-11-25T18:00"));
    expect(endOf({ ...EMPTY, hours: 0 }, 0)).toBeNull();
  });

  it("is sent without what was not said", () => {
    const body = bodyOf({ ...withPoint(EMPTY, 119.4, -5.1), reason: " Karnaval " }, new Date(0));

    expect(body).toEqual({ line: [[119.4, -5.1]], both_ways: true, reason: "Karnaval", ends_at: "1970-01-01T00:00:00.000Z" });
  });
});
