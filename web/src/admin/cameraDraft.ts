/** A camera as it is typed, and what of it is sent. Pure. */
import type { MessageKey } from "$lib/t";
import type { CameraDetail, Stream } from "$lib/types";

export interface StreamDraft {
  url: string;
  username: string;
  password: string;
  transport: "tcp" | "udp";
}

export interface CameraDraft {
  number: string;
  name: string;
  place: string;
  agency_id: string;
  tags: string;
  lat: string;
  lon: string;
  height_m: string;
  bearing_deg: string;
  fov_deg: string;
  range_m: string;
  is_ptz: boolean;
  control_url: string;
  pan_span_deg: string;
  ceiling_kbit_s: string;
  enabled: boolean;
  simulated: boolean;
  retention_class: string;
  notes: string;
  main: StreamDraft;
  sub: StreamDraft;
}

export type DraftErrors = Partial<Record<string, MessageKey>>;

const NO_STREAM: StreamDraft = { url: "", username: "", password: "", transport: "tcp" };
const NUMBERS = ["lat", "lon", "height_m", "bearing_deg", "fov_deg", "range_m", "pan_span_deg", "ceiling_kbit_s"] as const;

/** An empty form for a new camera. */
export function blankDraft(agency_id: string): CameraDraft {
  return {
    number: "",
    name: "",
    place: "",
    agency_id,
    tags: "",
    lat: "",
    lon: "",
    height_m: "",
    bearing_deg: "",
    fov_deg: "",
    range_m: "",
    is_ptz: false,
    control_url: "",
    pan_span_deg: "",
    ceiling_kbit_s: "",
    enabled: true,
    simulated: false,
    retention_class: "standard",
    notes: "",
    main: { ...NO_STREAM },
    sub: { ...NO_STREAM },
  };
}

export type StoredCamera = Omit<CameraDetail, "streams"> & {
  site?: string | null;
  control_url?: string | null;
  pan_span_deg?: number | null;
  ceiling_kbit_s?: number | null;
  retention_class?: string;
  streams?: (Stream & { username?: string | null })[];
};

function streamDraft(camera: StoredCamera, role: Stream["role"]): StreamDraft {
  const stream = camera.streams?.find((candidate) => candidate.role === role);
  if (stream === undefined) return { ...NO_STREAM };
  return { url: stream.url, username: stream.username ?? "", password: "", transport: stream.transport };
}

const typed = (value: number | null): string => (value === null ? "" : String(value));

/** The form filled with a stored camera; passwords are never given out, so they stay empty. */
export function draftOf(camera: StoredCamera): CameraDraft {
  return {
    number: String(camera.number),
    name: camera.name,
    place: camera.site ?? camera.place ?? "",
    agency_id: camera.agency.id,
    tags: camera.tags.join(", "),
    lat: typed(camera.lat),
    lon: typed(camera.lon),
    height_m: typed(camera.height_m),
    bearing_deg: typed(camera.bearing_deg),
    fov_deg: typed(camera.fov_deg),
    range_m: typed(camera.range_m),
    is_ptz: camera.is_ptz,
    control_url: camera.control_url ?? "",
    pan_span_deg: typed(camera.pan_span_deg ?? null),
    ceiling_kbit_s: typed(camera.ceiling_kbit_s ?? null),
    enabled: camera.enabled,
    simulated: camera.simulated,
    retention_class: camera.retention_class ?? "standard",
    notes: camera.notes ?? "",
    main: streamDraft(camera, "main"),
    sub: streamDraft(camera, "sub"),
  };
}

/** Reads a number with a decimal comma or point; null when empty, NaN when it is none. */
export function readNumber(text: string): number | null {
  const plain = text.trim().replace(",", ".");
  return plain === "" ? null : Number(plain);
}

/** Says what of the stream's address is wrong. */
export function urlProblem(url: string): MessageKey | null {
  if (url.trim() === "") return null;
  if (!/^rtsp:\/\//i.test(url.trim())) return "camera_form.url_scheme";
  return /^rtsp:\/\/[^/]*@/i.test(url.trim()) ? "camera_form.url_has_login" : null;
}

/** Finds what the server would refuse anyway, by field. */
export function problemsOf(draft: CameraDraft): DraftErrors {
  const errors: DraftErrors = {};
  for (const field of ["number", "name", "lat", "lon"] as const) if (draft[field].trim() === "") errors[field] = "admin.required";
  for (const field of NUMBERS) if (Number.isNaN(readNumber(draft[field]))) errors[field] = "admin.not_a_number";
  if (draft.number.trim() !== "" && !/^\d+$/.test(draft.number.trim())) errors["number"] = "admin.not_a_number";
  if (draft.agency_id === "") errors["agency_id"] = "admin.required";
  for (const role of ["main", "sub"] as const) {
    const problem = urlProblem(draft[role].url);
    if (problem !== null) errors[`${role}.url`] = problem;
  }
  return errors;
}

function streamBody(role: "main" | "sub", draft: StreamDraft, before: StreamDraft): object[] {
  const isSame = draft.url === before.url && draft.username === before.username && draft.transport === before.transport;
  if (draft.url.trim() === "" || (isSame && draft.password === "")) return [];
  const login = draft.password === "" && draft.username === before.username ? {} : { username: draft.username, password: draft.password };
  return [{ role, url: draft.url.trim(), transport: draft.transport, ...login }];
}

/** The body of the request: streams only where something was typed anew. */
export function bodyOf(draft: CameraDraft, before: CameraDraft): Record<string, unknown> {
  const numbers = Object.fromEntries(NUMBERS.map((field) => [field, readNumber(draft[field])]));
  return {
    number: Number(draft.number),
    name: draft.name.trim(),
    place: draft.place.trim(),
    agency_id: draft.agency_id,
    tags: draft.tags
      .split(",")
      .map((tag) => tag.trim())
      .filter(Boolean),
    ...numbers,
    is_ptz: draft.is_ptz,
    control_url: draft.control_url.trim(),
    enabled: draft.enabled,
    simulated: draft.simulated,
    retention_class: draft.retention_class.trim() || "standard",
    notes: draft.notes,
    streams: [...streamBody("main", draft.main, before.main), ...streamBody("sub", draft.sub, before.sub)],
  };
}
