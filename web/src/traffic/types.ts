/** Shapes of the answers of `traffic`. Instants in numbers are seconds since 1970. */

/** How an edge is known, by the letter that stands for it: unknown, measured, reported, typical, neighbours, closed. */
export const HOW = ["u", "m", "r", "t", "n", "c"] as const;
export type HowWord = "free_flow" | "measured" | "reported" | "typical" | "neighbours" | "closed";
export const HOW_WORDS: readonly HowWord[] = ["free_flow", "measured", "reported", "typical", "neighbours", "closed"];

/** All edges, a sign each. */
export interface Whole {
  pack: string;
  at?: number;
  colour: string;
  how: string;
}

/** What a cycle changed; or that everything is to be read again. */
export type Delta = { pack: string; at: number; reset: true } | { pack: string; at: number; reset?: undefined; edges: number[]; colour: string; how: string };

export interface Edge {
  edge: number;
  road: string;
  class: string;
  area: string;
  length_m: number;
  lanes: number;
  free_kmh: number;
  typical_kmh: number | null;
  kmh: number | null;
  ratio: number | null;
  jam_factor: number | null;
  how: HowWord;
  confidence: number;
  observed: number;
  flow_smp_h: number | null;
  saturation: number | null;
  level: string | null;
  jam: string | null;
  since: number;
  updated_at: number | null;
}

export type Trend = "growing" | "steady" | "shrinking";

export interface Jam {
  id: string;
  edges: number[];
  length_m: number;
  queue_m: number;
  roads: string[];
  areas: string[];
  lat: number;
  lon: number;
  kmh: number;
  ratio: number;
  delay_s: number;
  began_at: number;
  changed_at: number;
  trend: Trend;
  cause: string | null;
  how: "measured" | "reported";
}

export interface EndedJam {
  id: string;
  place: string | null;
  roads: string[];
  began_at: string;
  ended_at: string;
  queue_m: number;
  delay_s: number;
  lat: number;
  lon: number;
  cause: string | null;
  reason: string;
}

export const CAUSES = ["accident", "breakdown", "flood", "works", "event", "market", "lights", "other"] as const;
export type Cause = (typeof CAUSES)[number];

export interface Closure {
  id: string;
  agency_id: string;
  agency: string | null;
  person: string | null;
  place: string | null;
  roads: string[];
  line: [number, number][];
  starts_at: string;
  ends_at: string;
  cause: Cause | null;
  reason: string;
  edges: number;
  holds: boolean;
}

/** What a drawn line means. */
export interface Along {
  edges: number[];
  roads: string[];
  areas: string[];
  length_m: number;
}
