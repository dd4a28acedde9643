/** Texts of the page, from the same JSON files that the server reads. */
import en from "$locales/en.json";
import id from "$locales/id.json";
import { language } from "./language.svelte";

export type MessageKey = keyof typeof id;
export type Params = Readonly<Record<string, string | number>>;

const catalogues: Readonly<Record<string, Readonly<Record<MessageKey, string>>>> = { id, en };

/** The city's own words for a key, else the product's, in English where it does not speak the language. */
function textOf(key: MessageKey): string {
  return language.texts[language.current]?.[key] ?? (catalogues[language.current] ?? en)[key];
}

/** Fills in `{name}`; `{count:gap|gaps}` is the first word for a count of 1, else the second. */
function fill(text: string, params: Params | undefined): string {
  if (params === undefined) return text;
  return text.replace(/\{(\w+)(?::([^|{}]*)\|([^|{}]*))?\}/g, (whole, name: string, one?: string, many?: string) => {
    if (one !== undefined) return (String(params[name]) === "1" ? one : many) ?? whole;
    return String((NAMED.has(name) ? namedWord(name, params[name]) : params[name]) ?? whole);
  });
}

/** Parameters that are words of the program: people read the text of `field.<name>` instead. */
const NAMED: ReadonlySet<string> = new Set(["field", "problem"]);

function namedWord(kind: string, name: string | number | undefined): string | number | undefined {
  const key = `${kind}.${name}`;
  return isMessageKey(key) ? textOf(key) : name;
}

/** The word for the name of a field; what has none stays as it is. */
export function fieldWord(name: string): string {
  return String(namedWord("field", name));
}

/** Says a text in the language of the page; a template that calls it follows a change of language. */
export function t(key: MessageKey, params?: Params): string {
  return fill(textOf(key), params);
}

/** Narrows a key put together at run time; false when no such text is known. */
export function isMessageKey(key: string): key is MessageKey {
  return Object.hasOwn(id, key);
}

/** Says the text of a key that comes from the server, or `fallback` when it is unknown here. */
export function tOr(key: string, fallback: MessageKey, params?: Params): string {
  return t(isMessageKey(key) ? key : fallback, params);
}
