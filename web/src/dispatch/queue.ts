/**
 * What was pressed on a phone and was not heard yet by the server. Pure: who keeps and sends it is
 * `duty.svelte.ts`. A press has its id and its time from the moment it is made, so it can be sent
 * twice and late.
 */
import { metresBetween } from "../camera/facts";
import type { CrewStamp, Did, Duty, DutyUnit, Outcome, SentState, Step, TaskShort } from "./types";

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
}

export interface Answered {
  id: string;
  verdict: "taken" | "already" | "not_yet" | "over" | "refused";
  text: string;
}

/** The steps of a unit, in order; `staged`, `transporting` and `at_facility` are for some alone. */
export const ORDER: readonly Step[] = ["dispatched", "accepted", "en_route", "staged", "on_scene", "transporting", "at_facility"];

/** Whether a unit that stands so is on something. */
export function isStep(state: string): state is Step {
  return (ORDER as readonly string[]).includes(state);
}

/** Who carries people away. */
const CARRIES: readonly string[] = ["ambulance"];

/** What a crew can say next: the step that is due first, then those beyond it that may be left out, then the end. */
export function nextStamps(state: SentState, kind: string, isIncident: boolean): readonly Exclude<CrewStamp, "acted" | "duress" | "declined">[] {
  if (!isStep(state)) return [];
  const later = ORDER.slice(ORDER.indexOf(state) + 1).filter((step): step is Exclude<Step, "dispatched"> => {
    if (step === "staged") return isIncident;
    if (step === "transporting" || step === "at_facility") return isIncident && CARRIES.includes(kind);
    return true;
  });
  return [...later, "cleared"];
}

/** Where the assignment will stand when all was heard: what the crew sees meanwhile. */
export function standing(state: SentState, assignment: string, queue: readonly Pressed[]): SentState {
  let now = state;
  for (const { stamp, assignment: of } of queue) {
    if (of !== assignment || stamp === "acted" || stamp === "duress") continue;
    if (stamp === "cleared" || stamp === "declined") return stamp;
    if (isStep(now) && ORDER.indexOf(stamp) > ORDER.indexOf(now)) now = stamp;
  }
  return now;
}

/** The duty as it stands once the server took these: the answer to a press has no duty in it. */
export function stepped(duty: Duty, taken: readonly Pressed[]): Duty {
  const { assignment } = duty;
  return assignment === null ? duty : { ...duty, assignment: { ...assignment, state: standing(assignment.state, assignment.id, taken) } };
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
