/** What a box offers by what is typed into it. Pure. */
import { fit, plain } from "../search";

export interface Choice {
  value: string;
  label: string;
  /** Beside the name, such as a code or a number; found by as well. */
  note?: string;
}

/** The choices that fit what was typed, best first, those alike in their own order; all of them for nothing typed. */
export function choicesThatFit(choices: readonly Choice[], typed: string, most: number): Choice[] {
  const wanted = plain(typed);
  if (wanted === "") return choices.slice(0, most);
  const scored = choices.map((choice) => ({ choice, score: scoreOf(choice, typed, wanted) })).filter(({ score }) => score > 0);
  return scored
    .sort((a, b) => b.score - a.score)
    .slice(0, most)
    .map(({ choice }) => choice);
}

/** A note that begins as typed is meant before any name: people who know a code type it. */
function scoreOf({ label, note }: Choice, typed: string, wanted: string): number {
  const isSameNumber = /^\d+$/.test(note ?? "") && /^\d+$/.test(wanted) && Number(note) === Number(wanted);
  if (isSameNumber || (note !== undefined && plain(note) === wanted)) return 200;
  if (note !== undefined && /\d/.test(wanted) && plain(note).startsWith(wanted)) return 100 - note.length;
  return fit(typed, label) * 2 || fit(typed, `${label} ${note ?? ""}`);
}
