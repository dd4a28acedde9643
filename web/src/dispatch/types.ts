/** Shapes of the answers of `dispatch`. Times are ISO 8601 in UTC. */
import type { Position } from "geojson";
import type { Danger, PremiseKind } from "../incidents/premises";
import type { AgencyName } from "$lib/types";

/** Where a unit can stand while it is on something, in order. */
export type Step = "dispatched" | "accepted" | "en_route" | "delayed" | "staged" | "on_scene" | "transporting" | "at_facility";
export type TaskState = "open" | Step | "closed";
export type SentState = Step | "cleared" | "declined" | "cancelled" | "handed_over";
export type Status = "available" | Step | "returning" | "emergency" | "out_of_service" | "unknown";
export const OUT_REASONS = ["mechanical", "fuel", "supplies", "cleaning", "crew", "other"] as const;
export type OutReason = (typeof OUT_REASONS)[number];

/** Why and since when a unit cannot be sent, and who said so. */
export interface Outage {
  reason: OutReason;
  note: string;
  since: string;
  by: string | null;
}

export type Outcome = "solved" | "dissolved" | "not_found" | "cancelled";
export type Did = "manual_control" | "tow" | "closure" | "diversion" | "patient_contact" | "water_on_fire" | "under_control" | "other";
export type CrewStamp = Exclude<Step, "dispatched"> | "acted" | "duress" | "cleared" | "declined" | Homeward;
/** What is told after the end of an assignment. */
export type Homeward = "returning" | "in_quarters";
export const HELD = ["train", "jam", "closed", "vehicle", "other"] as const;
/** What holds a unit up on its way. */
export type Held = (typeof HELD)[number];

export interface Sent {
  id: string;
  unit: { id: string; name: string; kind: string };
  state: SentState;
  since: string;
  dispatched_at: string;
  accepted_at: string | null;
  en_route_at: string | null;
  on_scene_at: string | null;
  staged_at?: string | null;
  transporting_at?: string | null;
  at_facility_at?: string | null;
  /** Where a patient is taken to, as the crew calls it. */
  destination?: string | null;
  /** Why it is held up, while it is. */
  held?: { why: Held; reason: string } | null;
  returning_at?: string | null;
  in_quarters_at?: string | null;
  ended_at: string | null;
  eta_s: number | null;
  way?: WayWorse | null;
  role?: string;
  /** Of incidents: what the crew is to tell next, and by when. */
  due?: { what: Due; at: string } | null;
}

/** What last made the way before a unit worse, or another one better. */
export interface WayWorse {
  kind: "way_worse" | "way_better";
  at: string;
  was_s: number;
  /** null where a road on it is closed. */
  now_s: number | null;
  closed: boolean;
  /** What holds it up; empty where it has no name, or nothing does. */
  road: string;
  state?: RoadState | null;
  since?: string | null;
  /** By the way that is quickest now. */
  better_s: number;
  /** The road that it is mostly about: empty without a name, null where no other way is quicker. */
  via?: string | null;
  /** Longitude and latitude; left out of lists. */
  lines?: { before: Position[]; better: Position[] };
}

export type RoadState = "closed" | "jam" | "slow";

export type Due = "answer" | "turnout" | "travel" | "check" | "held";

export interface TaskShort {
  id: string;
  number: string;
  kind: "traffic" | "incident" | "move_up";
  place: string | null;
  lat: number;
  lon: number;
  roads: string[];
  note: string;
  priority: number;
  state: TaskState;
  since: string;
  jam_id: string | null;
  jam_ended: string | null;
  jam_ended_at: string | null;
  opened_at: string;
  is_auto: boolean;
  closed_at: string | null;
  outcome: Outcome | null;
  agency: AgencyName;
  incident_id: string | null;
  alarm_level: number;
}

export interface Task extends TaskShort {
  assignments: Sent[];
  /** Units that come when they are done with what they are on; of incidents alone. */
  stacked?: Stacked[];
}

/** A unit that comes when it is done with what it is on. */
export interface Stacked {
  id: string;
  unit: { id: string; name: string; kind: string };
  role: string;
  stacked_at: string;
  /** 1 is where it goes next. */
  turn: number;
  /** What it is on now; null where it is on nothing. */
  behind: string | null;
}

/** What a unit goes to when it is done. */
export interface Waiting {
  id: string;
  number: string;
  incident: string | null;
  priority: number;
  note: string;
  roads: string[];
  role: string;
  stacked_at: string;
}

export interface LogEvent {
  id: string;
  kind: string;
  assignment: string | null;
  happened_at: string;
  received_at: string;
  device_at: string | null;
  source: "operator" | "unit" | "auto";
  person: string | null;
  reason: string;
  detail: Record<string, unknown>;
}

export type Finding = "unknown" | "mixed" | "nobody_there" | "waiting" | "was_shrinking" | "fell" | "same" | "grew";

export interface Measure {
  moment: "opened" | "sent" | "arrived" | "cleared" | "after_5" | "after_10" | "after_15";
  due_at: string;
  at: string | null;
  length_m: number | null;
  jam_factor: number | null;
  delay_s: number | null;
  known_share: number;
  closed_share: number;
  trend: string | null;
}

export interface TaskDetail extends Task {
  events: LogEvent[];
  measures: Measure[];
  impact: { finding: Finding; minutes: number | null; before: Measure | null; after: Measure | null };
  can: string[];
}

export interface Proposed {
  unit: { id: string; name: string; kind: string; capabilities: string[]; simulated: boolean };
  eta_s: number | null;
  distance_m: number | null;
  free_flow_s: number | null;
  detour: { text: string } | null;
  position_at: string | null;
  lat: number | null;
  lon: number | null;
  crew: number;
}

export interface LeftOut {
  why: string;
  count: number;
  units: { id: string; name: string; kind: string; at: string | null; task: string | null }[];
}

export interface Proposal {
  at: string;
  live: boolean;
  without_roads: boolean;
  items: Proposed[];
  excluded: LeftOut[];
}

/** A unit that would do for a need of an incident. */
export interface Rated {
  id: string;
  name: string;
  kind: string;
  agency: string;
  /** Until its people are at the place; null where no road graph is installed. */
  arrives_s: number | null;
  /** Between what four of five arrivals like this one lay; null where too few are known. */
  range?: { low_s: number; high_s: number; n: number; by: "station_hour" | "station" | "hour" | "city" } | null;
  /** From where it must stop, where that is far. */
  walk_m: number | null;
  width_m: number | null;
  crew: number;
  lat: number | null;
  lon: number | null;
  position_at: string | null;
  simulated: boolean;
}

/** One unit that an incident needs: who is proposed, who was sent, or why nobody is. */
export interface Slot {
  role: string;
  level: number;
  lead: string;
  /** The agency that stands for `lead`; absent where the city named none. */
  agency: string | null;
  sent: string | null;
  unit: Rated | null;
  others: Rated[];
  missing: { why: string; count: number }[];
  named: { id: string; name: string; agency: string; position_at: string | null; task: string | null; arrives_s: number | null } | null;
}

/** Why the first would come later than the law allows after the call. */
export interface Late {
  why: "waited" | "nearer_held" | "traffic" | "far" | "nobody";
  since_call_s: number;
  arrives_s: number | null;
  over_s: number | null;
  unit: string | null;
  nearer: { unit: string; why: string; task: string | null; arrives_s: number } | null;
  traffic_s: number | null;
  /** The road that costs most of it: on the way, or one that it goes round. */
  cause: { road: string; state: RoadState; since: string | null; lost_s: number | null; is_avoided: boolean } | null;
}

export interface Recommendation {
  at: string;
  incident: string;
  card: { code: string; version: number; name: { id: string; en: string }; levels: number } | null;
  level: number;
  sent_level: number;
  is_late: boolean;
  late: Late | null;
  without_roads: boolean;
  slots: Slot[];
}

/** What became of a unit that was to be sent. */
export interface SendOutcome {
  unit_id: string;
  assignment_id: string | null;
  refused: "busy" | "not_there" | null;
  detail: Record<string, string>;
}

export interface UnitStatus {
  unit: string;
  crew: number;
  state: SentState | null;
  since: string | null;
  task: string | null;
  /** How much waits for it. */
  stacked: number;
  /** Its crew called for help and nobody answered. */
  in_danger: boolean;
  /** It is out of service. */
  outage?: Outage | null;
  /** Since when it drives home: it can be sent, and is not at its post yet. */
  returning_at?: string | null;
}

export interface DutyUnit {
  id: string;
  name: string;
  kind: string;
  station: string;
  simulated: boolean;
  at: string | null;
  lat: number | null;
  lon: number | null;
  crew: string[];
}

export interface Duty {
  unit: DutyUnit | null;
  signed_on_at: string | null;
  assignment: { id: string; state: SentState; since: string; dispatched_at: string; on_scene_at: string | null; returning_at?: string | null; in_quarters_at?: string | null } | null;
  task: TaskShort | null;
  /** What last made its way worse. */
  way?: WayWorse | null;
  /** Where the unit goes when it is done, the next first. */
  stack?: Waiting[] | null;
  /** The last call for help of this crew, and when somebody at the desk answered it. */
  duress?: { at: string; answered_at: string | null } | null;
  /** The unit is out of service. */
  outage?: Outage | null;
  /** What is known of the incident that the task is a part of. */
  incident?: Brief | null;
  /** How the last task of the unit ended, lately. */
  ended?: { number: string; state: SentState; ended_at: string; reason: string; assignment: string; returning_at: string | null; in_quarters_at: string | null } | null;
}

export const BED_KINDS = ["igd", "icu", "ward"] as const;
export type BedKind = (typeof BED_KINDS)[number];
/** Known fresh to be free; never told; told too long ago; known fresh to have none. */
export type BedState = "free" | "unknown" | "stale" | "full";

/** What was told last of the beds of a kind; only the state where nobody ever did. */
export interface Beds {
  state: BedState;
  free?: number;
  total?: number | null;
  at?: string;
  source?: "operator" | "import" | "program";
  by?: string | null;
  origin?: string;
}

export interface Facility {
  id: string;
  agency_id: string;
  name: string;
  lat: number;
  lon: number;
  beds: Record<BedKind, Beds>;
  can: string[];
}

/** A hospital for a patient; they come the best first. */
export interface Choice {
  id: string;
  name: string;
  state: BedState;
  /** By the roads of now; null without a way. */
  seconds: number | null;
  beds: Record<BedKind, Beds>;
}

export interface Brief {
  number: string | null;
  state: string;
  priority: number | null;
  event: string;
  address: string;
  area: string;
  lat: number | null;
  lon: number | null;
  name: { id: string; en: string } | null;
  caution: { id: string; en: string } | null;
  answers: { question: { id: string; en: string }; answer: { id: string; en: string } }[];
  notes: { id: string; agency: string | null; text: string; happened_at: string }[];
  cautions: { id: string; text: string; severity: number; distance_m: number }[];
  premises: { id: string; kind: PremiseKind; name: string; dangers: Danger[]; hazards: string; access: string; hydrant: string; plan: string; key_holder: string; distance_m: number }[];
  units: { id: string; name: string; kind: string; agency: string; state: Step }[];
}

/** A crew in danger whom nobody answered yet. */
export interface Duress {
  id: string;
  /** null of a crew that is on no task; so are its task and incident. */
  assignment: string | null;
  at: string;
  person: string | null;
  task: string | null;
  task_id: string | null;
  incident: string | null;
  unit: { id: string; name: string; kind: string };
  agency: string | null;
  lat: number | null;
  lon: number | null;
  position_at: string | null;
}

/** A vehicle to be moved up: when it is there, and what that changes for callers. */
export interface Move {
  unit: { id: string; name: string; station: string };
  arrives_s: number;
  gains_s: number;
  /** How much later the first is at the station that it leaves; null where nobody else would come. */
  costs_s: number | null;
}

/** How many vehicles of a kind a station keeps free, and how many are. */
export interface Cover {
  id: string;
  agency: { id: string; short: string | null };
  station: string;
  area: string | null;
  kind: string;
  least: number;
  lat: number;
  lon: number;
  version: number;
  have: number;
  coming: number;
  /** Of its vehicles, those without a crew: nobody knows. */
  unknown: number;
  /** Of those that are free or coming, whom this person may not see: counted, not named. */
  unseen: number;
  is_below: boolean;
  since: string | null;
  free: string[];
  moved: { assignment: string; unit: { id: string; name: string }; is_there: boolean }[];
  moves: Move[];
  /** Why nobody is proposed. */
  why: string | null;
  can: string[];
}
