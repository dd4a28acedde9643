/** Shapes of the server's answers. Times are ISO 8601 in UTC, ids are UUIDs. */

export type CameraStateWord = "live" | "late" | "offline" | "unknown";

export interface CameraState {
  state: CameraStateWord;
  since: string | null;
  reason: string | null;
  last_frame_at: string | null;
  fps: number | null;
  kbit_s: number | null;
  clock_offset_ms: number | null;
  clock_uncertainty_ms: number | null;
  recording: boolean;
  /** What is wrong with its bit rate; absent or null: nothing. */
  bitrate?: "over_ceiling" | "unusual" | null;
}

export interface Area {
  code: string;
  name: string;
}

export interface AgencyName {
  id: string;
  name: string;
  short: string;
}

export interface Camera {
  id: string;
  number: number;
  name: string;
  place: string | null;
  kecamatan: Area | null;
  kelurahan: Area | null;
  lat: number | null;
  lon: number | null;
  height_m: number | null;
  bearing_deg: number | null;
  fov_deg: number | null;
  range_m: number | null;
  is_ptz: boolean;
  agency: AgencyName;
  tags: string[];
  retention_class?: string;
  codec: string | null;
  has_sub: boolean;
  simulated: boolean;
  enabled: boolean;
  state: CameraState;
}

export interface Stream {
  role: "main" | "sub";
  url: string;
  transport: "tcp" | "udp";
  codec: string | null;
  width: number | null;
  height: number | null;
  has_password: boolean;
}

export interface CameraDetail extends Camera {
  /** Action words that this person holds on it. */
  can: string[];
  streams?: Stream[];
  notes: string | null;
  created_at: string;
  changed_at: string;
  version: number;
}

export interface City {
  name: string;
  zone: string;
  zone_label: string;
  /** ISO 639-1, the first spoken to who chose none. */
  languages: string[];
  agency_kinds: string[];
  usual_agency_kind: string;
  schematic: boolean;
  /** What is said of the map's origin. */
  label: string;
  demo: boolean;
  bounds: [number, number, number, number];
  center: [number, number];
}

export interface Person {
  id: string;
  login: string;
  name: string;
  title: string | null;
  language: string | null;
}

export interface Session {
  person: Person;
  agency: (AgencyName & { kind: string }) | null;
  actions: string[];
  /** Whether this session may do nothing but enrol a factor, or from when on. */
  sign_in: { must_change: boolean; must_enrol: boolean; due_at: string | null; required: "none" | "any" | "passkey" };
  city: City;
  workstation: string;
  now: string;
}

export interface Page<Item> {
  items: Item[];
  next?: string | null;
  total?: number;
}

/** Problem document of RFC 9457 with the product's own code and parameters. */
export interface Problem {
  type?: string;
  title?: string;
  status?: number;
  code?: string;
  detail?: string;
  params?: Record<string, string | number>;
}
