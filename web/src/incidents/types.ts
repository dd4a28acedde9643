/** What the server tells of incidents. */
import type { Position } from "./positions";

export type Priority = 1 | 2 | 3 | 4 | 5;

export type IncidentState =
  | "draft"
  | "scheduled"
  | "pending"
  | "dispatched"
  | "acknowledged"
  | "en_route"
  | "on_scene"
  | "under_control"
  | "cleared"
  | "closed"
  | "cancelled"
  | "unfounded"
  | "handed_over"
  | "merged";

/** A text by language. */
export type Said = Record<string, string>;

export interface Question {
  key: string;
  text: Said;
  options: { key: string; text: Said; priority?: Priority }[];
}

export interface Card {
  code: string;
  version: number;
  family: string;
  priority: Priority;
  apco: string;
  lead: string;
  also: string[];
  name: Said;
  words: string;
  questions: Question[];
  say: Said;
  caution: Said;
  is_retired: boolean;
}

export interface Agency {
  id: string;
  short: string | null;
  name: string | null;
  kind?: string;
}

export interface Incident {
  id: string;
  number: string | null;
  state: IncidentState;
  since: string;
  revision: number;
  priority: Priority | null;
  type: string | null;
  family: string;
  event: string;
  address: string;
  area: string;
  place: string | null;
  lat: number | null;
  lon: number | null;
  missing: string[];
  opened_at: string;
  heard_at: string;
  ended_at: string | null;
  disposition: string | null;
  merged_into: string | null;
  lead: Agency;
  calls: number;
  /** The centre that handed it over: as it calls itself, with its own number; null where none did. */
  origin: { from: string; reference: string; at: string; by: string | null } | null;
}

/** A call that was joined to an incident, or to one that was merged into it. */
export interface Joined {
  call: string;
  incident: string;
  at: string;
  person: string | null;
}

export interface PlaceValue {
  lat: number;
  lon: number;
  name: string;
  detail: string;
  source?: string;
}

export interface FieldValue {
  value: unknown;
  at: string;
  writer: string;
  person_id?: string | null;
}

export interface Note {
  id: string;
  agency: string | null;
  visibility: "all" | "agency" | "police";
  text: string;
  happened_at: string;
  is_backdated: boolean;
  person: string | null;
  /** The note that it takes the place of. */
  corrects?: string | null;
}

export interface LogEvent {
  id: string;
  kind: string;
  happened_at: string;
  is_backdated: boolean;
  source: string;
  person: string | null;
  reason: string;
  detail: Readonly<Record<string, unknown>>;
  /** The row that it takes back, or gives another time. */
  corrects?: string | null;
}

export interface IncidentDetail extends Incident {
  fields: Readonly<Record<string, FieldValue>>;
  agencies: Agency[];
  notes: Note[];
  locations: Position[];
  /** Names of those who typed, by their ids. */
  writers: Readonly<Record<string, string>>;
  call_ids: string[];
  /** The calls about it, the last that was joined first. */
  joined: Joined[];
  merged: { id: string; number: string | null; event: string; address: string }[];
  links: { id: string; number: string | null; event: string; kind: string }[];
  events: LogEvent[];
  can: string[];
}

/** What the form is answered when it is saved. */
export interface FormAnswer {
  id: string;
  number: string | null;
  state: IncidentState;
  revision: number;
  priority: Priority | null;
  missing: string[];
  area: string;
  card_version: number | null;
  fields: Readonly<Record<string, FieldValue>>;
}

export interface Similar {
  incident: Incident;
  score: number;
  reason: string;
}

/** What others hear of typing; of what is personal only that it was typed (`more`). */
export interface TypingEvent {
  id: string;
  state: IncidentState;
  revision: number;
  writer: string;
  fields: Readonly<Record<string, unknown>>;
  more: string[];
}
