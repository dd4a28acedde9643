/** A request as it is typed, and what of it is sent. Pure. */
import { cameraNumbers } from "../admin/grantDraft";
import type { Ring } from "../map/ring";
import type { AccessRequest } from "./types";
import { instantOf, typedOf } from "$lib/citytime";

export interface RequestDraft {
  letter_number: string;
  letter_date: string;
  basis_id: string;
  purpose: string;
  case_number: string;
  actions: string[];
  owners: string[];
  rings: Ring[];
  places: string[];
  cameras: string;
  footage_from: string;
  footage_to: string;
  from: string;
  until: string;
  people: string[];
  roles: string[];
}

const DAY_MS = 86_400_000;

/** The fields of a new request: valid for two weeks from now. */
export function emptyDraft(nowMs: number, zone: string): RequestDraft {
  return {
    letter_number: "",
    letter_date: typedOf(nowMs, zone).slice(0, 10),
    basis_id: "",
    purpose: "",
    case_number: "",
    actions: ["camera:view", "recording:view"],
    owners: [],
    rings: [],
    places: [],
    cameras: "",
    footage_from: "",
    footage_to: "",
    from: typedOf(nowMs, zone),
    until: typedOf(nowMs + 14 * DAY_MS, zone),
    people: [],
    roles: [],
  };
}

/** The fields of a draft that is kept. */
export function draftOf(request: AccessRequest, zone: string): RequestDraft {
  const typed = (instant: string | null): string => (instant === null ? "" : typedOf(instant, zone));
  const [year = "", month = "", day = ""] = request.letter_date.split("-");
  return {
    letter_number: request.letter_number,
    letter_date: `${day}-${month}-${year}`,
    basis_id: request.basis.id,
    purpose: request.purpose,
    case_number: request.case_number,
    actions: request.actions,
    owners: request.owners.map((owner) => owner.id),
    rings: request.rings,
    places: request.places,
    cameras: request.cameras.join(", "),
    footage_from: typed(request.footage_from),
    footage_to: typed(request.footage_to),
    from: typed(request.starts_at),
    until: typed(request.ends_at),
    people: request.people.map((person) => person.id),
    roles: request.roles,
  };
}

/** The day of the letter, `2026-11-24`, from `24-11-2026`; null for no day. */
export function dayOf(typed: string): string | null {
  const [, day = "", month = "", year = ""] = /^(\d{1,2})[-/. ](\d{1,2})[-/. ](\d{4})$/.exec(typed.trim()) ?? [];
  if (year === "" || instantOf(typed, "UTC") === null) return null;
  return `${year}-${month.padStart(2, "0")}-${day.padStart(2, "0")}`;
}

export type Lack = "letter_number" | "letter_date" | "basis_id" | "purpose" | "case_number" | "actions" | "owners" | "things" | "users" | "from" | "until" | "footage_from" | "footage_to";

/** What is missing or no time, field by field, before a request can be sent. */
export function lacks(draft: RequestDraft, zone: string): Set<Lack> {
  const found = new Set<Lack>();
  const isTime = (typed: string): boolean => instantOf(typed, zone) !== null;
  if (draft.letter_number.trim() === "") found.add("letter_number");
  if (dayOf(draft.letter_date) === null) found.add("letter_date");
  if (draft.basis_id === "") found.add("basis_id");
  if (draft.purpose.trim().length < 3) found.add("purpose");
  if (draft.case_number.trim() === "") found.add("case_number");
  if (draft.actions.length === 0) found.add("actions");
  if (draft.owners.length === 0) found.add("owners");
  if (draft.rings.length + draft.places.length + cameraNumbers(draft.cameras).length === 0) found.add("things");
  if (draft.people.length + draft.roles.length === 0) found.add("users");
  if (!isTime(draft.from)) found.add("from");
  if (!isTime(draft.until)) found.add("until");
  if (draft.footage_from.trim() !== "" && !isTime(draft.footage_from)) found.add("footage_from");
  if (draft.footage_to.trim() !== "" && !isTime(draft.footage_to)) found.add("footage_to");
  return found;
}

/** The body of the request. */
export function requestBody(draft: RequestDraft, zone: string): Record<string, unknown> {
  return {
    letter_number: draft.letter_number.trim(),
    letter_date: dayOf(draft.letter_date),
    basis_id: draft.basis_id,
    purpose: draft.purpose.trim(),
    case_number: draft.case_number.trim(),
    actions: draft.actions,
    owners: draft.owners,
    rings: draft.rings,
    places: draft.places,
    cameras: cameraNumbers(draft.cameras),
    footage_from: instantOf(draft.footage_from, zone),
    footage_to: instantOf(draft.footage_to, zone),
    starts_at: instantOf(draft.from, zone),
    ends_at: instantOf(draft.until, zone),
    people: draft.people,
    roles: draft.roles,
  };
}
