/** Turning cameras: what the server tells of one, which key moves it where, and what to say of it. */
import type { MessageKey, Params } from "$lib/t";

export interface Held {
  name: string;
  is_mine: boolean;
  since: string;
  free_at: string;
  reserved_until: string | null;
  incident_id: string | null;
  is_waited_for: boolean;
}

export interface Grip {
  held: Held | null;
  may_take_over: boolean;
  /** Whether asking puts this person in line. */
  may_wait: boolean;
}

export interface Preset {
  token: string;
  name: string;
  bearing_deg: number | null;
  /** Whether somebody said so, and it is not the camera's own number. */
  is_said: boolean;
}

export type Head =
  | { ok: false; code: string; message: string }
  | { ok: true; presets: Preset[]; bearing_deg: number | null; is_moving: boolean | null; turns: boolean; is_measured: boolean };

export interface Aimed {
  by: "turn" | "preset" | null;
  preset: string | null;
  off_deg: number | null;
  is_seen: boolean | null;
  why: "not_measured" | "out_of_reach" | "no_preset" | "same_place" | null;
}

export interface Velocity {
  pan: number;
  tilt: number;
  zoom: number;
}

export type Way = "up" | "down" | "left" | "right" | "in" | "out";

export const REST: Velocity = { pan: 0, tilt: 0, zoom: 0 };

const SPEED = 0.6;

const WAYS: Readonly<Record<Way, Velocity>> = {
  up: { ...REST, tilt: SPEED },
  down: { ...REST, tilt: -SPEED },
  left: { ...REST, pan: -SPEED },
  right: { ...REST, pan: SPEED },
  in: { ...REST, zoom: SPEED },
  out: { ...REST, zoom: -SPEED },
};

const KEYS: Readonly<Record<string, Way>> = {
  ArrowUp: "up",
  ArrowDown: "down",
  ArrowLeft: "left",
  ArrowRight: "right",
  "+": "in",
  "=": "in",
  PageUp: "in",
  "-": "out",
  PageDown: "out",
};

/** Which way a key moves the camera, if it does. */
export function wayOf(key: string): Way | null {
  return KEYS[key] ?? null;
}

/** The movement of all ways that are held down at once; two that are opposite stand still. */
export function velocityOf(ways: Iterable<Way>): Velocity {
  const sum = { ...REST };
  for (const way of ways) {
    sum.pan += WAYS[way].pan;
    sum.tilt += WAYS[way].tilt;
    sum.zoom += WAYS[way].zoom;
  }
  return sum;
}

export function isRest({ pan, tilt, zoom }: Velocity): boolean {
  return pan === 0 && tilt === 0 && zoom === 0;
}

/** Who has it in hand at this moment; null where they have been silent long enough. */
export function heldAt(grip: Grip | null, nowMs: number): Held | null {
  const held = grip?.held ?? null;
  return held === null || Date.parse(held.free_at) <= nowMs ? null : held;
}

/** The key of the sentence that tells who has it; null where that is not known. */
export function heldKey(grip: Grip | null, nowMs: number): MessageKey {
  if (grip === null) return "ptz.unknown";
  const held = heldAt(grip, nowMs);
  if (held === null) return "ptz.free";
  const isReserved = held.reserved_until !== null && Date.parse(held.reserved_until) > nowMs;
  if (held.is_mine) return isReserved ? "ptz.mine_reserved" : "ptz.mine";
  return isReserved ? "ptz.theirs_reserved" : "ptz.theirs";
}

/** What came of turning it to a place. */
export function aimedText({ by, preset, off_deg, is_seen, why }: Aimed): { key: MessageKey; params?: Params } {
  if (by === "turn") return { key: "ptz.aimed" };
  if (by === "preset") return { key: is_seen === true ? "ptz.aimed_preset" : "ptz.aimed_unseen", params: { preset: preset ?? "", deg: off_deg ?? 0 } };
  return { key: `ptz.why_${why ?? "not_measured"}` };
}
