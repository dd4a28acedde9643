/** What a grant gives and on what, in words. Pure, but for the names that it is told. */
import { callsigns, cameraNumbers, levelOf, tagsIn, type GrantDraft, type Word } from "./grantDraft";
import type { Grant } from "./types";
import { cameraNumber } from "$lib/format";
import { isMessageKey, t, tOr } from "$lib/t";
import { actionWord } from "$lib/words";

/** Names as far as the reader sees the things. */
export interface Names {
  agency: (id: string) => string | undefined;
  place: (code: string) => string;
  camera: (id: string) => number | undefined;
  unit: (id: string) => string | undefined;
}

/** "Mengoperasikan" where it is a level, else the actions themselves. */
export function actionsText(actions: readonly string[], words: readonly Word[]): string {
  const found = levelOf(actions, words);
  if (found === null) return actions.map(actionWord).join(", ");
  const level = t(`level.${found.level}`);
  return found.on === "camera" ? level : t("grant_form.level_on", { level, kind: kindWord(found.on) });
}

/** What a kind of thing is called, many of them. */
export function kindWord(kind: string): string {
  const key = `grant_form.kind.${kind}`;
  return isMessageKey(key) ? t(key) : kind;
}

/** The same, short enough for a list: the first action and how many more. */
export function actionsBrief(actions: readonly string[], words: readonly Word[]): string {
  const [first, ...rest] = actions;
  if (first === undefined || levelOf(actions, words) !== null || rest.length === 0) return actionsText(actions, words);
  return t("grant_form.and_more", { first: actionWord(first), n: rest.length });
}

/** What a retention class is called. */
export function classWord(name: string): string {
  const key = `grant_form.class.${name}`;
  const said = tOr(key, "grant_form.on_classes");
  return said === t("grant_form.on_classes") ? name : said;
}

/** The limits of a stored grant, each in words; empty where there is none. */
export function limitsOf(grant: Pick<Grant, "agencies" | "places" | "classes" | "tags" | "objects">, names: Names): string[] {
  const known = grant.agencies?.flatMap((id) => names.agency(id) ?? []) ?? [];
  const hidden = (grant.agencies?.length ?? 0) - known.length;
  const agencies = [...known, ...(hidden > 0 ? [t("grant_form.unseen_agencies", { n: hidden })] : [])];
  const cameras = grant.objects?.flatMap((id) => names.camera(id) ?? []) ?? [];
  const units = grant.objects?.flatMap((id) => names.unit(id) ?? []) ?? [];
  const unseen = (grant.objects?.length ?? 0) - cameras.length - units.length;
  return [
    limit("grant_form.on_agencies", agencies),
    limit("grant_form.on_places", grant.places?.map(names.place)),
    limit("grant_form.on_classes", grant.classes?.map(classWord)),
    limit("grant_form.on_tags", grant.tags ?? undefined),
    limit("grant_form.on_cameras", cameras.map(cameraNumber)),
    limit("grant_form.on_units", units),
    unseen > 0 ? [t("grant_form.unseen_things", { n: unseen })] : [],
  ].flat();
}

type LimitKey = `grant_form.on_${"agencies" | "places" | "classes" | "tags" | "cameras" | "units"}`;

function limit(key: LimitKey, named: readonly string[] | undefined): string[] {
  return named === undefined || named.length === 0 ? [] : [`${t(key)} ${named.join(", ")}`];
}

function objectsOf(draft: GrantDraft): string[] {
  return draft.on === "unit" ? limit("grant_form.on_units", callsigns(draft.units)) : limit("grant_form.on_cameras", cameraNumbers(draft.cameras).map(cameraNumber));
}

/** Everything that the draft would do, as one sentence to be read before it is saved. */
export function draftSentence(draft: GrantDraft, target: string, what: string, names: Names): string {
  const has = (side: GrantDraft["by"][number]): boolean => draft.by.includes(side);
  const limits = limitsOf(
    {
      agencies: has("agency") ? draft.agencies : null,
      places: has("place") ? draft.places : null,
      classes: has("class") ? draft.classes : null,
      tags: has("tag") ? tagsIn(draft.tags) : null,
      objects: null,
    },
    names,
  );
  const named = has("object") ? objectsOf(draft) : [];
  const all = [...limits, ...named].map((one) => one.charAt(0).toLowerCase() + one.slice(1));
  return t(draft.deny ? "grant_form.sum_deny" : "grant_form.sum_give", { target, what: what.toLowerCase(), things: all.length === 0 ? t("grant_form.sum_all") : all.join("; ") });
}
