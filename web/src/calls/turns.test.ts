import { expect, test } from "vitest";
import { inTurn, mine, nextFor, reasonOf, rings, speaks } from "./turns";
import type { Call } from "./types";

function call(id: string, afterS: number, more: Partial<Call> = {}): Call {
  const none = { class: null, agent_id: null, answered_at: null, ended_at: null, place: null, live: null } as const;
  return {
    id, channel: "phone", state: "offered", direction: "in", from_number: "0811", is_emergency: true, callback_tries: 0, silent_confirmed: false,
    offered_at: new Date(Date.UTC(2026, 10, 24, 6) + afterS * 1000).toISOString(), text: "", nuisance: 0, nuisance_reasons: [], ...none, ...more,
  }; // prettier-ignore
}

const ids = (calls: readonly Call[]): string => calls.map(({ id }) => id).join("");

test("the longest wait comes first, a flagged call a minute later at most, and none is left out", () => {
  expect(ids(inTurn([call("b", 20), call("a", 0, { nuisance: 100 }), call("c", 70)]))).toBe("bac");
});

test("whoever pressed 1 is back in turn", () => {
  expect(ids(inTurn([call("b", 20), call("a", 0, { nuisance: 100, silent_confirmed: true })]))).toBe("ab");
});

test("a call that lost its agent comes before all", () => {
  expect(ids(inTurn([call("a", 0), call("b", 50, { state: "ringing", answered_at: "2026-11-24T06:00:50Z" })]))).toBe("ba");
});

test("what rings here is taken before what is first in turn", () => {
  const live = { agent: "", ringing: ["me"], watchers: {}, parties: [], is_held: false, recording_failed: null };

  expect(nextFor([call("a", 0), call("b", 9, { live })], "me")?.id).toBe("b");
  expect(nextFor([call("a", 0), call("b", 9, { live })], "you")?.id).toBe("a");
  expect(nextFor([], "me")).toBeUndefined();
});

test("every page tells of what rings here or waits for anybody, never of what rings for others, and of none while I talk", () => {
  const rung = (...who: string[]) => ({ live: { agent: "", ringing: who, watchers: {}, parties: [], is_held: false, recording_failed: null } });
  const talking = call("t", 0, { state: "answered", agent_id: "me" });
  const writing = call("w", 0, { state: "wrap_up", agent_id: "me" });

  expect(rings([call("a", 0, rung("you")), call("b", 9, rung("me", "you"))], "me")?.id).toBe("b");
  expect(rings([call("a", 0, { channel: "panic" })], "me")?.id).toBe("a");
  expect(rings([call("a", 0, rung())], "me")?.id).toBe("a");
  expect(rings([call("a", 0, rung("you"))], "me")).toBeUndefined();
  expect(rings([writing, call("a", 5, rung("me"))], "me")?.id).toBe("a");
  expect(rings([talking, call("a", 5, rung("me"))], "me")).toBeUndefined();
  expect(rings([], "me")).toBeUndefined();
});

test("the call that lasts is mine before one that is still to be classed", () => {
  const calls = [call("a", 0, { state: "wrap_up", agent_id: "me" }), call("b", 9, { state: "held", agent_id: "me" }), call("c", 1, { state: "answered", agent_id: "you" })];

  expect(mine(calls, "me")?.id).toBe("b");
  expect(mine(calls.slice(0, 1), "me")?.id).toBe("a");
  expect(mine(calls, "they")).toBeUndefined();
});

test("sound goes out in a call of mine, or where I am heard as a supervisor, and else stays here", () => {
  const watched = (way: string): Call[] => [call("a", 0, { state: "answered", agent_id: "you", live: { agent: "you", ringing: [], watchers: { me: way }, parties: [], is_held: false, recording_failed: null } })];

  expect(speaks([call("a", 0, { state: "held", agent_id: "me" })], "me")).toBe(true);
  expect(speaks([call("a", 0, { state: "wrap_up", agent_id: "me" })], "me")).toBe(false);
  expect(speaks([call("a", 0, { state: "answered", agent_id: "me", channel: "pbx" })], "me")).toBe(false);
  const taken = { agent: "me", ringing: [], watchers: {}, parties: [], is_held: false, recording_failed: null };
  expect(speaks([call("a", 0, { state: "ringing", live: taken })], "me")).toBe(true);
  expect(speaks([call("a", 0, { state: "ringing", live: taken })], "you")).toBe(false);
  expect(["listen", "whisper", "barge"].map((way) => speaks(watched(way), "me"))).toEqual([false, true, true]);
});

test("a reason is a word and a number", () => {
  expect(reasonOf("pranks:9")).toEqual({ word: "pranks", count: 9 });
});
