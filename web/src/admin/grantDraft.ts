/** A grant as it is typed, and what of it is sent. Pure. */
import { instantOf } from "$lib/citytime";

export const LEVELS = ["view", "operate", "manage", "configure"] as const;
export type Level = (typeof LEVELS)[number];

/** By what the things of a grant are limited; several narrow each other. */
export const SIDES = ["agency", "place", "class", "tag", "object"] as const;
export type Side = (typeof SIDES)[number];

/** An action word that the asker holds: on what, and from which level on. */
export interface Word {
  word: string;
  on: string;
  level: Level | null;
}

export interface GrantDraft {
  deny: boolean;
  target: "agency" | "person";
  to_agency_id: string;
  person_id: string;
  /** What is given as a whole; `own` means that `actions` were chosen one by one. */
  level: Level | "own";
  actions: string[];
  by: Side[];
  agencies: string[];
  places: string[];
  classes: string[];
  tags: string;
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

/** Tags in a text such as `arteri, pasar`. */
export function tagsIn(text: string): string[] {
  return [...new Set(text.split(/[,;]+/).map((tag) => tag.trim().toLowerCase()).filter(Boolean))];
}

/** The words on cameras that a level gives, of those held: its own and those of the levels below. */
export function wordsOf(level: Level, words: readonly Word[]): string[] {
  const levels: readonly (Level | null)[] = LEVELS.slice(0, LEVELS.indexOf(level) + 1);
  return words.filter((one) => one.on === "camera" && one.level !== null && levels.includes(one.level)).map((one) => one.word);
}

/** Levels that can be given: of each, some word of its own is held. */
export function levelsHeld(words: readonly Word[]): Level[] {
  return LEVELS.filter((level) => words.some((one) => one.on === "camera" && one.level === level));
}

/** The level that these actions are exactly; null where they are none. */
export function levelOf(actions: readonly string[], words: readonly Word[]): Level | null {
  const given = [...actions].sort().join();
  return levelsHeld(words).find((level) => wordsOf(level, words).sort().join() === given) ?? null;
}

/** The actions of a draft. */
export function actionsOf(draft: GrantDraft, words: readonly Word[]): string[] {
  return draft.level === "own" ? draft.actions : wordsOf(draft.level, words);
}

/** Says whether a limit was chosen but nothing in it: sent so, it would mean everything. */
export function isSideEmpty(draft: GrantDraft, side: Side): boolean {
  const chosen = {
    agency: draft.agencies.length,
    place: draft.places.length,
    class: draft.classes.length,
    tag: tagsIn(draft.tags).length,
    object: cameraNumbers(draft.cameras).length,
  };
  return draft.by.includes(side) && chosen[side] === 0;
}

/** The body of the request; `idOf` gives the id of a camera by its number. */
export function grantBody(draft: GrantDraft, words: readonly Word[], zone: string, idOf: (number: number) => string | undefined): Record<string, unknown> {
  const chosen = <Value>(side: Side, values: Value[]): Value[] | null => (draft.by.includes(side) && values.length > 0 ? values : null);
  const ids = cameraNumbers(draft.cameras).flatMap((number) => idOf(number) ?? []);
  return {
    deny: draft.deny,
    to_agency_id: draft.target === "agency" ? draft.to_agency_id : null,
    person_id: draft.target === "person" ? draft.person_id : null,
    actions: actionsOf(draft, words),
    agencies: chosen("agency", draft.agencies),
    places: chosen("place", draft.places),
    classes: chosen("class", draft.classes),
    tags: chosen("tag", tagsIn(draft.tags)),
    objects: chosen("object", ids),
    starts_at: instantOf(draft.from, zone),
    ends_at: instantOf(draft.until, zone),
    reason: draft.reason.trim(),
    letter: draft.letter.trim(),
  };
}
