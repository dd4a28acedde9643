/** Shapes of the answers of `routing`. */
import type { LineString, MultiLineString } from "geojson";

export const PROFILES = ["car", "fire", "ambulance", "police"] as const;
export type Profile = (typeof PROFILES)[number];

export interface Step {
  turn: string;
  road: string;
  text: string;
  distance_m: number;
  duration_s: number;
  lat: number;
  lon: number;
}

export interface Route {
  profile: Profile;
  distance_m: number;
  duration_s: number;
  free_flow_s: number;
  geometry: LineString;
  steps: Step[];
  detour: { road: string; lost_s: number | null; longer_m: number; state: "jam" | "slow" | "closed"; since: number | null; text: string } | null;
}

export interface Answer {
  routes: Route[];
  /** Whether the state of the roads of now was known. */
  live: boolean;
}

/** The roads that are reached by one time and not by the band before. */
export interface Band {
  minutes: number;
  length_m: number;
  /** Of it: nothing is known of the speed there. */
  assumed_m: number;
  known: MultiLineString;
  assumed: MultiLineString;
}

export interface Reach {
  profile: Profile;
  bands: Band[];
  /** Names of closed roads at which it ends. */
  closed: string[];
  live: boolean;
}
