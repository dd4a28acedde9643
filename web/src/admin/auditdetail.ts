/** What stands in an entry beside its sentence, as lines that people read. Pure. */
import { fullTime, number } from "$lib/format";
import { isMessageKey, t, tOr } from "$lib/t";
import { actionWord, roleWord } from "$lib/words";

/** Names of things by their ids; null where none is known to the reader. */
export type NameOf = (id: string) => string | null;

export interface Line {
  label: string;
  text: string;
}

const INSTANT = /^\d{4}-\d\d-\d\dT\d\d:\d\d/;
const ID = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/;
const WORD = /^[a-z_]+:[a-z_*]+$/;
/** Words whose value is a list; of all others two values are what was and what is. */
const LISTS = ["actions", "added", "agencies", "cameras", "changed", "classes", "networks", "objects", "people", "places", "roles", "sources", "tags", "taken", "topics", "unable", "wants"];

/** The lines of a detail; values that only a machine reads are left out (`isWhole` says whether any). */
export function linesOf(detail: Readonly<Record<string, unknown>>, nameOf: NameOf): { lines: Line[]; isWhole: boolean } {
  const told = Object.entries(detail).map(([key, value]) => ({ label: labelOf(key), text: entryText(key, value, nameOf) }));
  const lines = told.filter((line): line is Line => line.text !== null);
  return { lines, isWhole: lines.length === told.length };
}

function labelOf(key: string): string {
  const word = key.startsWith("stream_") ? "address" : key;
  return tOr(`audit.detail_key.${word}`, "audit.detail_other");
}

function entryText(key: string, value: unknown, nameOf: NameOf): string | null {
  const isChange = Array.isArray(value) && value.length === 2 && !LISTS.includes(key);
  if (!isChange) return textOf(value, nameOf);
  const [before, after] = (value as unknown[]).map((one) => textOf(one, nameOf) ?? t("audit.unnamed"));
  return t("audit.detail_change", { before: before ?? "", after: after ?? "" });
}

function textOf(value: unknown, nameOf: NameOf): string | null {
  if (value === null || value === undefined || value === "") return t("audit.detail_nothing");
  if (typeof value === "boolean") return t(value ? "audit.detail_yes" : "audit.detail_no");
  if (typeof value === "number") return number(value, Number.isInteger(value) ? 0 : 2);
  if (typeof value === "string") return wordOf(value, nameOf);
  if (Array.isArray(value)) return listOf(value, nameOf);
  const inner = linesOf(value as Record<string, unknown>, nameOf).lines;
  return inner.length === 0 ? null : inner.map(({ label, text }) => `${label}: ${text}`).join("; ");
}

function listOf(values: readonly unknown[], nameOf: NameOf): string | null {
  if (values.length === 0) return t("audit.detail_nothing");
  const texts = values.map((one) => textOf(one, nameOf)).filter((one) => one !== null);
  return texts.length === 0 ? null : texts.join(", ");
}

function wordOf(value: string, nameOf: NameOf): string | null {
  if (INSTANT.test(value) && !Number.isNaN(Date.parse(value))) return fullTime(value);
  if (ID.test(value)) return nameOf(value);
  if (WORD.test(value) || value === "*") return actionWord(value);
  if (value === "True" || value === "False") return t(value === "True" ? "audit.detail_yes" : "audit.detail_no");
  const key = `audit.detail_value.${value}`;
  if (/^[a-z_]+$/.test(value) && isMessageKey(key)) return t(key);
  return roleWord(value);
}
