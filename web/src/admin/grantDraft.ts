/** A grant as it is typed, and what of it is sent. Pure. */
import { instantOf } from "$lib/citytime";

export const LEVELS = ["view", "operate", "manage", "configure"] as const;
export type Level = (typeof LEVELS)[number];

/** By what the things of a grant are limited; several narrow each other. */
export const SIDES = ["agency", "place", "class", "tag", "object"] as const;
export type Side = (typeof SIDES)[number];

/** By what rights on a kind of thing can be limited: a limit that its things do not have would reach none. */
const SIDES_OF: Readonly<Record<string, readonly Side[]>> = {
  camera: SIDES,
  unit: SIDES,
  task: ["agency", "place"],
  audit: ["agency", "place", "class", "tag"],
  road: [],
  city: [],
  route: [],
  system: [],
};

/** Limits of a kind of thing; what is not known is limited by its owner. */
export function sidesOf(on: string): readonly Side[] {
  return SIDES_OF[on] ?? ["agency"];
}

/** An action word that the asker holds: on what, and from which level on. */
export interface Word {
  word: string;
  on: string;
  level: Level | null;
}

export interface GrantDraft {
  deny: boolean;
  /** On what kind of thing: `camera`, `unit`. */
  on: string;
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
  /** Numbers. */
  cameras: string;
  /** Callsigns. */
  units: string;
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

/** Callsigns in a text such as `Damkar 01, Ambulans 02`. */
export function callsigns(text: string): string[] {
  return [...new Set(text.split(/[,;\n]+/).map((name) => name.trim()).filter(Boolean))];
}

/** Tags in a text such as `arteri, pasar`. */
export function tagsIn(text: string): string[] {
  return [...new Set(text.split(/[,;]+/).map((tag) => tag.trim().toLowerCase()).filter(Boolean))];
}

/** Kinds of things on which some word with a level is held; cameras and vehicles first. */
export function kindsHeld(words: readonly Word[]): string[] {
  const held = new Set(words.filter((one) => one.level !== null).map((one) => one.on));
  const first = ["camera", "unit", "task", "incident", "call", "road", "wall", "audit"].filter((kind) => held.has(kind));
  return [...first, ...[...held].filter((kind) => !first.includes(kind)).sort()];
}

/** The words on a kind of thing that a level gives, of those held: its own and those of the levels below. */
export function wordsOf(level: Level, words: readonly Word[], on: string): string[] {
  const levels: readonly (Level | null)[] = LEVELS.slice(0, LEVELS.indexOf(level) + 1);
  return words.filter((one) => one.on === on && one.level !== null && levels.includes(one.level)).map((one) => one.word);
}

/** Levels that can be given: of each, some word of its own is held. */
export function levelsHeld(words: readonly Word[], on: string): Level[] {
  return LEVELS.filter((level) => words.some((one) => one.on === on && one.level === level));
}

/** The level, and on what, that these actions are exactly; null where they are none. */
export function levelOf(actions: readonly string[], words: readonly Word[]): { level: Level; on: string } | null {
  const given = [...actions].sort().join();
  for (const on of kindsHeld(words)) {
    const level = levelsHeld(words, on).find((one) => wordsOf(one, words, on).sort().join() === given);
    if (level !== undefined) return { level, on };
  }
  return null;
}

/** The actions of a draft. */
export function actionsOf(draft: GrantDraft, words: readonly Word[]): string[] {
  return draft.level === "own" ? draft.actions : wordsOf(draft.level, words, draft.on);
}

/** Says whether a limit was chosen but nothing in it: sent so, it would mean everything. */
export function isSideEmpty(draft: GrantDraft, side: Side): boolean {
  const chosen = {
    agency: draft.agencies.length,
    place: draft.places.length,
    class: draft.classes.length,
    tag: tagsIn(draft.tags).length,
    object: draft.on === "unit" ? callsigns(draft.units).length : cameraNumbers(draft.cameras).length,
  };
  return draft.by.includes(side) && chosen[side] === 0;
}

/** The body of the request; `idOf` gives the id of a camera by its number, `unitOf` of a vehicle by its callsign. */
export function grantBody(
  draft: GrantDraft,
  words: readonly Word[],
  zone: string,
  idOf: (number: number) => string | undefined,
  unitOf: (callsign: string) => string | undefined = () => undefined,
): Record<string, unknown> {
  const chosen = <Value>(side: Side, values: Value[]): Value[] | null => (draft.by.includes(side) && values.length > 0 ? values : null);
  const ids = draft.on === "unit" ? callsigns(draft.units).flatMap((name) => unitOf(name) ?? []) : cameraNumbers(draft.cameras).flatMap((number) => idOf(number) ?? []);
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
