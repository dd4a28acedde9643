/** What the server tells of calls. */

export const CLASSES = ["emergency", "non_emergency", "information", "ghost", "prank", "test", "abandoned", "transferred_out"] as const;
export type CallClass = (typeof CLASSES)[number];

export type CallState =
  | "new"
  | "offered"
  | "ringing"
  | "answered"
  | "held"
  | "transferred"
  | "conferenced"
  | "wrap_up"
  | "abandoned"
  | "callback_due"
  | "reached"
  | "closed";

export type Channel = "phone" | "pbx" | "web" | "whatsapp" | "panic";

export interface Live {
  agent: string;
  ringing: string[];
  watchers: Record<string, string>;
  parties: string[];
  is_held: boolean;
  recording_failed: string | null;
}

export interface CallPlace {
  lat: number;
  lon: number;
  radius_m: number | null;
  source: string;
  at: string;
}

export interface Call {
  id: string;
  channel: Channel;
  state: CallState;
  class: CallClass | null;
  direction: "in" | "out";
  from_number: string;
  is_emergency: boolean;
  agent_id: string | null;
  callback_tries: number;
  silent_confirmed: boolean;
  offered_at: string;
  answered_at: string | null;
  ended_at: string | null;
  text: string;
  /** 0 to 100; null while nobody can judge it, as the database is away. */
  nuisance: number | null;
  nuisance_reasons: string[];
  place: CallPlace | null;
  live: Live | null;
}

export interface Earlier {
  id: string;
  offered_at: string;
  class: CallClass | null;
  state: CallState;
}

export interface AtEdge {
  id: string;
  name?: string | null;
  is_there: boolean;
  is_paused: boolean;
  call: string;
  idle_s: number;
  wraps_up: boolean;
  /** Until the next call rings although the last was not classed. */
  wrap_s: number;
}

export interface Queue {
  items: Call[];
  me: AtEdge | null;
  /** Code of what is missing; empty while nothing is. */
  problem: string;
}

export interface Level {
  since: string;
  offered: number;
  answered: number;
  within_15: number;
  within_20: number;
  abandoned: number;
  short: number;
  waiting: number;
  missing: number;
  p90_s: number | null;
  handling_s: number | null;
  nuisance: number;
  classed: number;
  flagged: number;
  flagged_real: number;
}

/** A trunk that takes our calls, and whether it answers; null while it was never asked. */
export interface LineOut {
  name: string;
  is_there: boolean | null;
  since_ms: number;
  asked_ms: number;
}

export interface Board {
  agents: AtEdge[];
  trunks: LineOut[];
  /** Null while the database is away. */
  level: Level | null;
  problem: string;
}

export interface Staffing {
  erlang: number;
  needed: number | null;
  items: { agents: number; within: number; waiting: number; wait_s: number | null; busy: number }[];
}

/** The calls of the next 24 hours, by the same hour of the same weekday in the weeks before. */
export interface Forecast {
  /** So many weeks are looked at; of fewer than `least` nothing is foretold. */
  weeks: number;
  least: number;
  calls: number;
  /** How long calls took; null where too few are known. */
  handling_s: number | null;
  handled: number;
  items: { at: string; calls: number | null; low: number | null; high: number | null; weeks: number; needed: number | null }[];
}

/** A call as it is kept. */
export interface Kept {
  id: string;
  channel: Channel;
  state: CallState;
  class: CallClass | null;
  from_number: string;
  silent_confirmed: boolean;
  offered_at: string;
  answered_at: string | null;
  ended_at: string | null;
  text: string;
  recording_s: number | null;
  recording_sha256: string | null;
  recording_gone_at: string | null;
  gap_s: number;
}

export interface KeptPage {
  items: Kept[];
  next: string | null;
}

/** A call with its story. */
export interface Told extends Kept {
  events: { kind: string; at: string; source: string }[];
}

/** Who keeps a recording beyond its time. */
export interface CallHold {
  id: string;
  reason: string;
  case_number: string;
  until_at: string | null;
  created_at: string;
  released_at: string | null;
  release_reason: string | null;
  is_held: boolean;
}
