/** A grant as it is typed, and what of it is sent. Pure. */
import { instantOf } from "$lib/citytime";

export interface GrantDraft {
  deny: boolean;
  target: "agency" | "person";
  to_agency_id: string;
  person_id: string;
  actions: string[];
  on: "all" | "agencies" | "places" | "cameras";
  agencies: string[];
  places: string[];
  cameras: string;
  from: string;
  until: string;
  reason: string;
  letter: string;
}

/** Numbers in a text such as `12, 214`. */
export function cameraNumbers(text: string): number[] {
  return text
    .split(/[\s,;]+/)
    .filter((word) => /^\d+$/.test(word))
    .map(Number);
}

/** Says whether a kind of things is chosen but none of them: sent so, it would mean everything. */
export function isOnMissing(draft: GrantDraft): boolean {
  const chosen = { all: 1, agencies: draft.agencies.length, places: draft.places.length, cameras: cameraNumbers(draft.cameras).length };
  return chosen[draft.on] === 0;
}

/** The body of the request; `idOf` gives the id of a camera by its number. */
export function grantBody(draft: GrantDraft, zone: string, idOf: (number: number) => string | undefined): Record<string, unknown> {
  const chosen = <Value>(kind: GrantDraft["on"], values: Value[]): Value[] | null => (draft.on === kind && values.length > 0 ? values : null);
  const ids = cameraNumbers(draft.cameras).flatMap((number) => idOf(number) ?? []);
  return {
    deny: draft.deny,
    to_agency_id: draft.target === "agency" ? draft.to_agency_id : null,
    person_id: draft.target === "person" ? draft.person_id : null,
    actions: draft.actions,
    agencies: chosen("agencies", draft.agencies),
    places: chosen("places", draft.places),
    objects: chosen("cameras", ids),
    starts_at: instantOf(draft.from, zone),
    ends_at: instantOf(draft.until, zone),
    reason: draft.reason.trim(),
    letter: draft.letter.trim(),
  };
}
