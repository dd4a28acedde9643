/** Shapes of what Admin changes. */
import type { AgencyName } from "$lib/types";

export interface Agency extends AgencyName {
  kind: string;
  place: string | null;
  is_active: boolean;
  version: number;
  people?: number;
}

export interface HeldRole {
  role: string;
  /** What an agency's own role is called; empty for presets. */
  label?: string;
  reach: "own" | "city";
}

export interface PersonRow {
  id: string;
  login: string;
  name: string;
  title: string;
  language: string;
  is_active: boolean;
  /** When the account was erased: only a pseudonym is left. */
  erased_at: string | null;
  version: number;
  agency: AgencyName | null;
  roles: HeldRole[];
  has_password?: boolean;
  seats_only?: boolean;
  last_seen_at: string | null;
}

export interface Role {
  name: string;
  label?: string;
  /** Whose own role it is; nobody's for presets. */
  agency?: AgencyName | null;
  note?: string;
  people?: number;
  version?: number;
  actions: string[];
}

export interface Grant {
  id: string;
  person: { id: string; name: string } | null;
  to_agency: AgencyName | null;
  actions: string[];
  agencies: string[] | null;
  places: string[] | null;
  objects: string[] | null;
  tags: string[] | null;
  classes: string[] | null;
  /** Only people of the agency who hold this role. */
  to_role: string | null;
  /** What it was lent for, of rights across agencies. */
  purpose: string | null;
  deny: boolean;
  starts_at: string | null;
  ends_at: string | null;
  reason: string;
  letter: string;
  created_at: string;
  /** Null where the system gave it; without a name where the giver is out of the reader's reach. */
  created_by: { name: string | null } | null;
  revoked_at: string | null;
}

export interface Token {
  id: string;
  name: string;
  actions: string[] | null;
  person?: { id: string; name: string };
  created_at: string;
  expires_at: string;
  last_used_at: string | null;
}

export interface ApplicationToken extends Token {
  networks: string[];
  per_minute: number | null;
  replaced_by: string | null;
  last_address: string | null;
  last_route: string | null;
}

/** A service account: a program of an agency. */
export interface Application {
  id: string;
  name: string;
  purpose: string;
  agency: AgencyName | null;
  actions: string[];
  reach: "own" | "city";
  places: string[] | null;
  objects: string[] | null;
  tags: string[] | null;
  with_grants: boolean;
  is_active: boolean;
  version: number;
  created_at: string;
  created_by: string | null;
  tokens: ApplicationToken[];
}

export interface AuditHint {
  id: string;
  kind: string;
  person_id: string;
  person: string | null;
  begins_at: string;
  ends_at: string;
  numbers: Record<string, number | string[]>;
  seen_at: string | null;
  seen_by: string | null;
  note: string | null;
}

/** Somebody who saw what a camera showed. */
export interface Watcher {
  id: string;
  at: string;
  person: string | null;
  agency: string | null;
  action: string;
  seconds: number | null;
  footage_from: string | null;
  footage_to: string | null;
  purpose: string | null;
  reason: string | null;
}

/** What somebody saw of one thing. */
export interface SeenThing {
  object_id: string;
  object_label: string | null;
  place: string | null;
  looks: number;
  seconds: number | null;
  footage: number;
  footage_s: number | null;
  others: number;
  first_at: string;
  last_at: string;
}

export interface AuditEntry {
  id?: string;
  purpose?: string | null;
  seconds?: number | null;
  chain?: number;
  seq: number;
  at: string;
  person: { id: string | null; name: string } | null;
  agency: string | null;
  action: string;
  object_kind: string;
  object_id: string | null;
  object_label: string | null;
  place: string | null;
  reason: string | null;
  address: string | null;
  door: string;
  detail: Record<string, unknown>;
}
