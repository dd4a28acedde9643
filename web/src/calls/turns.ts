/** Which calls wait, in whose turn, and whose they are. Pure; the same order as the server's `nuisance.py`. */
import type { Call } from "./types";

const FLAGGED_FROM = 50;
const BACK_MOST_MS = 60_000;

export function isWaiting(call: Call): boolean {
  return call.state === "offered" || call.state === "ringing";
}

export function isTalking(call: Call): boolean {
  return call.state === "answered" || call.state === "held" || call.state === "conferenced";
}

export function isFlagged(call: Call): boolean {
  return (call.nuisance ?? 0) >= FLAGGED_FROM && !call.silent_confirmed;
}

function turnMs(call: Call): number {
  const back = isFlagged(call) ? (BACK_MOST_MS * Math.min(call.nuisance ?? 0, 100)) / 100 : 0;
  return Date.parse(call.offered_at) + back;
}

/** All that wait, in the order in which they are taken; one that lost its agent comes first. */
export function inTurn(calls: readonly Call[]): Call[] {
  const cut = (call: Call): number => (call.answered_at === null ? 1 : 0);
  return calls.filter(isWaiting).sort((a, b) => cut(a) - cut(b) || turnMs(a) - turnMs(b) || a.id.localeCompare(b.id));
}

/** The call that F1 takes: what rings here before what is first in turn. */
export function nextFor(calls: readonly Call[], me: string): Call | undefined {
  const waiting = inTurn(calls);
  return waiting.find((call) => call.live?.ringing.includes(me)) ?? waiting[0];
}

/** The call to be told of on every page: the next one, unless it rings for others alone; none while I talk. */
export function rings(calls: readonly Call[], me: string): Call | undefined {
  const own = mine(calls, me);
  const next = own !== undefined && isTalking(own) ? undefined : nextFor(calls, me);
  const rung = next?.live?.ringing ?? [];
  return rung.length === 0 || rung.includes(me) ? next : undefined;
}

/** The call that one has, else the oldest that one has not classed yet. */
export function mine(calls: readonly Call[], me: string): Call | undefined {
  const own = calls.filter((call) => call.agent_id === me);
  return own.find(isTalking) ?? own.find((call) => call.state === "wrap_up");
}

/** Whether what I say is to go to the server now: in a call of mine over a trunk, or where I whisper or speak to all. */
export function speaks(calls: readonly Call[], me: string): boolean {
  const own = mine(calls, me);
  if (own !== undefined && own.channel === "phone" && isTalking(own)) return true;
  // What the edge says goes before what was stored of it: that comes later, or much later.
  if (calls.some(({ channel, live }) => channel === "phone" && live?.agent === me)) return true;
  return calls.some(({ live }) => live?.watchers[me] === "whisper" || live?.watchers[me] === "barge");
}

/** `pranks:9` as a word and a number. */
export function reasonOf(text: string): { word: string; count: number } {
  const [word = "", count = "0"] = text.split(":");
  return { word, count: Number(count) };
}
