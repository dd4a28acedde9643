/**
 * What was pressed on a phone and was not heard yet by the server. Pure: who keeps and sends it is
 * `duty.svelte.ts`. A press has its id and its time from the moment it is made, so it can be sent
 * twice and late.
 */
import { metresBetween } from "../camera/facts";
import type { CrewStamp, Did, Duty, DutyUnit, Held, Homeward, Outcome, SentState, Step, TaskShort } from "./types";

export interface Pressed {
  id: string;
  assignment: string;
  stamp: CrewStamp;
  /** By the clock of this phone. */
  at: string;
  reason?: string;
  did?: Did;
  closure_id?: string;
  outcome?: Outcome;
  destination?: string;
  held?: Held;
}

export interface Answered {
  id: string;
  verdict: "taken" | "already" | "not_yet" | "over" | "refused";
  text: string;
}

/** The steps of a unit, in order; `delayed` is left by going on, `staged`, `transporting` and `at_facility` are for some alone. */
export const ORDER: readonly Step[] = ["dispatched", "accepted", "en_route", "delayed", "staged", "on_scene", "transporting", "at_facility"];

/** Whether a unit that stands so is on something. */
export function isStep(state: string): state is Step {
  return (ORDER as readonly string[]).includes(state);
}

/** Who carries people away. */
const CARRIES: readonly string[] = ["ambulance"];

/** What a crew can say next: the step that is due first, then those beyond it that may be left out, then the end. */
export function nextStamps(state: SentState, kind: string, isIncident: boolean): readonly Exclude<CrewStamp, "acted" | "duress" | "declined" | Homeward>[] {
  if (!isStep(state)) return [];
  const again = state === "delayed" ? (["en_route"] as const) : [];
  const later = ORDER.slice(ORDER.indexOf(state) + 1).filter((step): step is Exclude<Step, "dispatched"> => {
    if (step === "delayed") return state === "en_route";
    if (step === "staged") return isIncident;
    if (step === "transporting" || step === "at_facility") return isIncident && CARRIES.includes(kind);
    return true;
  });
  return [...again, ...later, "cleared"];
}

/** Where the assignment will stand when all was heard: what the crew sees meanwhile. */
export function standing(state: SentState, assignment: string, queue: readonly Pressed[]): SentState {
  let now = state;
  for (const { stamp, assignment: of } of queue) {
    if (of !== assignment || stamp === "acted" || stamp === "duress" || isHomeward(stamp)) continue;
    if (stamp === "cleared" || stamp === "declined") return stamp;
    if (isStep(now) && (stamp === "delayed" ? now === "en_route" : ORDER.indexOf(stamp) > ORDER.indexOf(now) || (stamp === "en_route" && now === "delayed"))) now = stamp;
  }
  return now;
}

function isHomeward(stamp: string): stamp is Homeward {
  return stamp === "returning" || stamp === "in_quarters";
}

/** After a task: the assignment that is over, and how far its unit is on the way home; null where there is none to tell of. */
export function homeward({ assignment, ended }: Duty, queue: readonly Pressed[]): { assignment: string; at: "cleared" | Homeward } | null {
  const isOver = assignment !== null && !isStep(standing(assignment.state, assignment.id, queue));
  const last = assignment === null ? (ended ?? null) : isOver ? { ...assignment, assignment: assignment.id } : null;
  if (last === null) return null;
  const told = (stamp: Homeward, at: string | null | undefined): boolean => at != null || queue.some((one) => one.assignment === last.assignment && one.stamp === stamp);
  const at = told("in_quarters", last.in_quarters_at) ? "in_quarters" : told("returning", last.returning_at) ? "returning" : "cleared";
  return { assignment: last.assignment, at };
}

/** The duty as it stands once the server took these: the answer to a press has no duty in it. */
export function stepped(duty: Duty, taken: readonly Pressed[]): Duty {
  const { assignment, ended } = duty;
  const home = homeward(duty, taken);
  const at = taken.at(-1)?.at ?? null;
  const told = home === null || home.at === "cleared" ? {} : { returning_at: at, ...(home.at === "in_quarters" ? { in_quarters_at: at } : {}) };
  if (assignment === null) return ended == null ? duty : { ...duty, ended: { ...ended, ...told } };
  return { ...duty, assignment: { ...assignment, ...told, state: standing(assignment.state, assignment.id, taken) } };
}

/** The presses of the first assignment that waits, as one message; null when nothing waits. */
export function nextBatch(queue: readonly Pressed[], most = 50): { assignment: string; items: readonly Pressed[] } | null {
  const [first] = queue;
  if (first === undefined) return null;
  const items = queue.filter(({ assignment }) => assignment === first.assignment).slice(0, most);
  return { assignment: first.assignment, items };
}

/** The queue without what was heard. */
export function without(queue: readonly Pressed[], heard: readonly Pressed[]): readonly Pressed[] {
  const ids = new Set(heard.map(({ id }) => id));
  return queue.filter(({ id }) => !ids.has(id));
}

/** What is sent: all but the assignment, which is in the address. */
export function bodyOf(items: readonly Pressed[], sentAt: string): { sent_at: string; items: Omit<Pressed, "assignment">[] } {
  return { sent_at: sentAt, items: items.map(({ assignment: _, ...rest }) => rest) };
}

/** Reads a kept queue; what is none of ours is left out, so that a broken store locks nobody out. */
export function readQueue(text: string | null): readonly Pressed[] {
  try {
    const kept: unknown = JSON.parse(text ?? "[]");
    if (!Array.isArray(kept)) return [];
    return kept.filter((one: unknown): one is Pressed => {
      const { id, assignment, stamp, at } = (one ?? {}) as Record<string, unknown>;
      return [id, assignment, stamp, at].every((value) => typeof value === "string");
    });
  } catch {
    return [];
  }
}

const NEAR_M = 500;
const FRESH_MS = 60_000;

/** Where a road would be closed (longitude, latitude): where the unit stands if it is near and told so just now, else at the task. */
export function closesAt(task: Pick<TaskShort, "lat" | "lon">, unit: Pick<DutyUnit, "lat" | "lon" | "at">, nowMs: number): [number, number] {
  const metres = metresBetween(task, unit);
  const isFresh = unit.at !== null && nowMs - Date.parse(unit.at) <= FRESH_MS;
  if (unit.lat === null || unit.lon === null || metres === null || metres > NEAR_M || !isFresh) return [task.lon, task.lat];
  return [unit.lon, unit.lat];
}

/** A random id (version 4) also where the page came over plain HTTP, which has no `randomUUID`. */
export function newId(): string {
  const bytes = crypto.getRandomValues(new Uint8Array(16));
  bytes[6] = ((bytes[6] ?? 0) & 0x0f) | 0x40;
  bytes[8] = ((bytes[8] ?? 0) & 0x3f) | 0x80;
  const hex = [...bytes].map((byte) => byte.toString(16).padStart(2, "0")).join("");
  return [hex.slice(0, 8), hex.slice(8, 12), hex.slice(12, 16), hex.slice(16, 20), hex.slice(20)].join("-");
}
