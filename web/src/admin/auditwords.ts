/** What happened, as a sentence in the language of the page. */
import { areas } from "./areas.svelte";
import type { AuditEntry, AuditHint } from "./types";
import { dateTime, number } from "$lib/format";
import { isMessageKey, t } from "$lib/t";
import { actionWord } from "$lib/words";

const ID = /^[0-9a-f]{8}-[0-9a-f-]{27}$/;

function text(value: unknown): string | null {
  return typeof value === "string" && value !== "" ? value : null;
}

function deed(entry: AuditEntry): string {
  const person = entry.person?.name ?? t("audit.nobody");
  // An id is no name: of what has none, the deed alone is told.
  const object = entry.object_label ?? (entry.object_id !== null && ID.test(entry.object_id) ? null : entry.object_id);
  const key = `audit.say_${entry.action.replace(":", "_")}`;
  if (isMessageKey(key)) return t(key as "audit.say_live_view", { person, object: object ?? "-" });
  const action = actionWord(entry.action);
  return object === null ? t("audit.say_bare", { person, action }) : t("audit.say_other", { person, action, object });
}

/** A length of time in words: rounded, since a sentence is read and not reckoned with. */
export function lasting(seconds: number): string {
  if (seconds < 90) return t("audit.lasting_s", { n: number(Math.round(seconds)) });
  if (seconds < 5400) return t("audit.lasting_min", { n: number(Math.round(seconds / 60)) });
  return t("audit.lasting_h", { n: number(seconds / 3600, 1) });
}

/** One entry: who did what, for how long, for what and why. */
export function sentenceOf(entry: AuditEntry): string {
  let sentence = deed(entry);
  const [from, to] = [text(entry.detail["from"]), text(entry.detail["to"])];
  const isFootage = entry.action.startsWith("recording:") && from !== null && to !== null;
  if (isFootage) sentence = t("audit.say_footage", { sentence, from: dateTime(from), to: dateTime(to) });
  if (typeof entry.seconds === "number") sentence = t("audit.say_for", { sentence, duration: lasting(entry.seconds) });
  if (entry.purpose) sentence = t("audit.say_purpose", { sentence, purpose: entry.purpose });
  if (entry.reason) sentence = t("audit.say_because", { sentence, reason: entry.reason });
  return sentence;
}

/** Why a hint was given, with its numbers. */
export function hintSentence(hint: AuditHint): string {
  const words = Object.fromEntries(
    Object.entries(hint.numbers).map(([name, value]) => [name, Array.isArray(value) ? value.map((code) => areas.nameOf(String(code))).join(", ") : number(Number(value), Number.isInteger(value) ? 0 : 2)]),
  );
  const key = `audit.hint_${hint.kind}`;
  return isMessageKey(key) ? t(key as "audit.hint_refusals", words as never) : hint.kind;
}

/** By which door somebody came. */
export function doorWord(door: string): string {
  const key = `audit.door_${door}`;
  return isMessageKey(key) ? t(key) : door;
}

/** What is wrong with a place that takes anchors. */
export function problemWord(problem: string): string {
  const key = `audit.problem_${problem}`;
  return isMessageKey(key) ? t(key as "audit.problem_timeout") : problem;
}
