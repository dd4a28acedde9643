/** What `/api/privacy` answers. */
export interface PurposeRow {
  key: string;
  name: string;
  basis: string;
  data: string;
  subjects: string;
  recipients: string;
  receiving: string[];
  retention: string;
  stored: string;
  measures: string;
  /** Why nobody can be looked for in it; empty where they can. */
  unsearched: string;
  owner: string;
  contact: string;
  version: number;
  changed_at: string | null;
  changed_by: string | null;
}

export interface RetentionRow {
  key: string;
  name: string;
  days: number | null;
  end: string;
  basis: string;
  version: number;
}

export interface DeletionRow {
  id: string;
  day: string;
  store: string;
  class: string;
  rule: string;
  count: number;
  bytes: number;
  first_at: string | null;
  last_at: string | null;
  began_at: string;
  ended_at: string;
  sealed_at: string | null;
}

export type ClockWord = "running" | "soon" | "overdue" | "kept" | "late";

export interface Stored {
  what: string;
  count: number;
  purpose: string;
  until: string;
  items: Record<string, unknown>[];
  seen_by: { at: string; person: string | null; agency: string | null; action: string }[];
}

export interface ReportPart {
  source: string;
  is_able: boolean;
  corrects: boolean;
  erases: boolean;
  found: Stored[];
}

export interface CaseRow {
  id: string;
  number: string;
  asker: string;
  identified_by: string;
  wants: string[];
  subject_kind: string;
  subject_code: string;
  received_at: string;
  due_at: string;
  clock: ClockWord;
  searched_at: string | null;
  ended_at: string | null;
  outcome: string | null;
  reason: string | null;
  subject?: { kind: string; value: string };
  report?: { parts: ReportPart[]; purposes: Record<string, { name: string; basis: string }> } | null;
  decisions?: { id: string; wish: string; source: string; outcome: string; reason: string; exception: string | null; person_label: string; at: string }[];
}

export type BreachState = "found" | "assessed" | "notified" | "not_required" | "closed";

export interface BreachRow {
  id: string;
  number: string;
  title: string;
  state: BreachState;
  body: Record<string, string>;
  found_at: string;
  due_at: string;
  clock: ClockWord;
  next: BreachState[];
  subjects_at: string | null;
  authority_at: string | null;
  not_required_reason: string | null;
  version: number;
  notice?: string;
}

export interface Assessment {
  purposes: PurposeRow[];
  findings: string[];
  cameras: { class: string; owner: string; place: string | null; count: number }[];
  roles: { role: string; label: string; factor: "none" | "any" | "passkey"; seats_only: boolean }[];
  retention: RetentionRow[];
  seats: number;
  security: { tables: number; tables_walled: number; anchors: { target: string; works: boolean; problem: string | null }[]; disk_encryption: boolean | null };
}

export const BREACH_WORDS = ["what", "how", "data", "subjects", "count", "consequences", "measures", "contact"] as const;
export const PURPOSE_WORDS = ["name", "basis", "data", "subjects", "recipients", "retention", "stored", "measures", "owner", "contact"] as const;
export const EXCEPTIONS = ["pasal_15", "pasal_16_2_g", "pasal_33", "pasal_50", "other_law", "not_identified"] as const;
export const KINDS = ["account", "name", "phone", "plate", "footage"] as const;
export const WISHES = ["access", "correction", "deletion"] as const;

/** How many hours of a deadline are left, as a whole number; negative once it has passed. */
export function hoursLeft(dueAt: string, nowMs: number): number {
  return Math.floor((Date.parse(dueAt) - nowMs) / 3_600_000);
}
