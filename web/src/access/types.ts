/** Shapes of requests across agencies. Times are ISO 8601 in UTC, ids are UUIDs. */
import type { Ring } from "../map/ring";

export type RequestStatus = "draft" | "sent" | "approved" | "active" | "expired" | "revoked" | "refused" | "withdrawn";

export interface Named {
  id: string;
  name: string;
}

/** A single thing that is meant or lent: a camera, or a vehicle. */
export interface MeantCamera extends Named {
  kind?: "camera" | "unit";
  /** A vehicle has none. */
  number: number | null;
  lat?: number | null;
  lon?: number | null;
}

export interface Terms {
  actions: string[];
  cameras: MeantCamera[];
  starts_at: string;
  ends_at: string;
  footage_from: string | null;
  footage_to: string | null;
}

export interface Approval extends Partial<Terms> {
  person: string;
  agency: string;
  role: string;
  at: string;
  note: string;
}

export interface Part {
  owner: Named;
  status: RequestStatus;
  approvals: Approval[];
  terms: Terms | null;
  refused_at: string | null;
  refused_by: string | null;
  refusal: string | null;
  revoked_at: string | null;
  revoked_by: string | null;
  revocation: string | null;
  may: { decide: boolean; revoke: boolean };
}

export interface Attachment extends Named {
  media_type: string;
  size: number;
  digest: string;
}

export interface AccessRequest {
  id: string;
  number: string | null;
  status: RequestStatus;
  from: Named;
  requester: Named;
  letter_number: string;
  letter_date: string;
  basis: { id: string; label: string };
  purpose: string;
  case_number: string;
  actions: string[];
  owners: Named[];
  rings: Ring[];
  places: string[];
  cameras: number[];
  footage_from: string | null;
  footage_to: string | null;
  starts_at: string;
  ends_at: string;
  people: Named[];
  roles: string[];
  attachments: Attachment[];
  parts: Part[];
  may: { change: boolean; withdraw: boolean };
  sent_at: string | null;
  version: number;
}

export interface Directory {
  agencies: (Named & { short: string })[];
  people: (Named & { title: string })[];
  roles: { name: string; label: string }[];
  basis: { id: string; law: string; article: string }[];
  actions: string[];
}

export interface Look {
  at: string;
  person: string | null;
  agency: string | null;
  action: string;
  camera_id: string | null;
  camera: string | null;
  seconds: number | null;
  footage_from: string | null;
  footage_to: string | null;
}

export interface Report {
  looks: Look[];
  people: number;
  cameras: number;
  units: number;
  live_s: number;
  footage_s: number;
  is_cut: boolean;
}
