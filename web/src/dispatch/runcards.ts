/** What a run card can speak of, in the words of people. Pure. */
import { familyWord, said } from "../incidents/words";
import type { Said } from "../incidents/types";
import { capabilityWord, kindWord } from "../units/fresh";
import type { Choice } from "$lib/sheet/choice";
import { t } from "$lib/t";

/** Kinds and capabilities that have a word of ours; a city's units bring their own beside them. */
export const KINDS = ["engine", "tanker", "ladder", "ambulance", "patrol", "dishub", "boat", "fire_boat", "relief", "pump_truck", "power"] as const;
export const CAPABILITIES = ["als", "drain", "evacuate", "foam", "ladder", "power", "pump", "rescue", "tow", "traffic", "water"] as const;

const ANY = "*";
const FAMILY = "family:";

interface Question {
  readonly code: string;
  readonly family: string;
  readonly name: Said;
}

/** Everything, each family, and each type that is asked about; nothing before these are known. */
export function typeChoices(questions: readonly Question[]): Choice[] {
  if (questions.length === 0) return [];
  const families = [...new Set(questions.map(({ family }) => family))].map((family) => ({ value: `${FAMILY}${family}`, label: typeWord(`${FAMILY}${family}`, questions) }));
  const types = questions.map(({ code, name }) => ({ value: code, label: said(name), note: code }));
  return [{ value: ANY, label: typeWord(ANY, questions) }, ...byName(families), ...byName(types)];
}

/** What a card is for; the code where nothing is known of it. */
export function typeWord(code: string, questions: readonly Question[]): string {
  if (code === ANY) return t("cards.type_any");
  if (code.startsWith(FAMILY)) return t("cards.type_family", { family: familyWord(code.slice(FAMILY.length)) });
  const card = questions.find((one) => one.code === code);
  return card === undefined ? code : said(card.name);
}

/** Words of ours and of the units that there are; each once, by name. */
export function wordChoices(ours: readonly string[], carried: readonly string[], word: (code: string) => string): Choice[] {
  return byName([...new Set([...ours, ...carried])].map((value) => ({ value, label: word(value), note: value })));
}

export const kindChoices = (carried: readonly string[]): Choice[] => wordChoices(KINDS, carried, kindWord);
export const capabilityChoices = (carried: readonly string[]): Choice[] => wordChoices(CAPABILITIES, carried, capabilityWord);

function byName(choices: readonly Choice[]): Choice[] {
  return [...choices].sort((a, b) => a.label.localeCompare(b.label));
}
