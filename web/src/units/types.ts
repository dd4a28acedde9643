/** Shapes of the answers of `units`. */
import type { AgencyName } from "$lib/types";

export interface UnitPosition {
  at: string;
  lat: number;
  lon: number;
  kmh?: number | null;
  bearing?: number | null;
  accuracy_m?: number | null;
  battery?: number | null;
  edge?: string | null;
  road?: string | null;
  kecamatan?: string | null;
}

export interface Unit {
  id: string;
  name: string;
  kind: string;
  plate: string;
  station: string;
  place: string | null;
  capabilities: string[];
  crew: number;
  width_m: number | null;
  height_m: number | null;
  simulated: boolean;
  enabled: boolean;
  agency: AgencyName;
  position: UnitPosition | null;
}

export interface UnitDetail extends Unit {
  can: string[];
  notes: string | null;
}

/** Told once a second of each unit that was heard of. */
export type Moved = UnitPosition & { id: string };

export interface TrackPoint {
  at: string;
  lat: number;
  lon: number;
  kmh?: number | null;
}
