/**
 * Which unit goes for which need of an incident: what is proposed, what a person chose instead, what
 * they left out. Pure. A need is known by its level, its role and its place among its like, so that
 * what was chosen stays when the question is asked anew.
 */
import { distance, duration, number } from "$lib/format";
import { isMessageKey, t } from "$lib/t";
import type { Due, Late, Rated, Recommendation, Slot } from "./types";
import { roadWord, whyWord } from "./words";

export interface Need {
  key: string;
  slot: Slot;
  /** Units for it, the proposed one first. */
  units: readonly Rated[];
  /** Who would go. */
  unit: Rated | null;
}

/** Chosen in place of the proposal, by the key of the need. */
export type Choices = Readonly<Record<string, string>>;

/** The needs with who would go for each; a choice that is not offered any more is none. */
export function needsOf({ slots }: Pick<Recommendation, "slots">, choices: Choices): Need[] {
  const seen = new Map<string, number>();
  return slots.map((slot) => {
    const of = `${slot.level}.${slot.role}`;
    const n = (seen.get(of) ?? 0) + 1;
    seen.set(of, n);
    const key = `${of}.${n}`;
    const units = slot.unit === null ? [] : [slot.unit, ...slot.others];
    return { key, slot, units, unit: units.find(({ id }) => id === choices[key]) ?? slot.unit };
  });
}

/** Chooses a unit for a need; another need that had chosen it goes back to its proposal. */
export function choose(choices: Choices, key: string, unit: string): Choices {
  const kept = Object.entries(choices).filter(([of, id]) => of !== key && id !== unit);
  return Object.fromEntries([...kept, [key, unit]]);
}

/** What is sent by one act: each unit once, with what it is sent as. */
export function wantedOf(needs: readonly Need[], left: ReadonlySet<string>): { unit_id: string; role: string }[] {
  const wanted = new Map<string, string>();
  for (const { key, slot, unit } of needs) {
    if (slot.sent === null && unit !== null && !left.has(key) && !wanted.has(unit.id)) wanted.set(unit.id, slot.role);
  }
  return [...wanted].map(([unit_id, role]) => ({ unit_id, role }));
}

/** What a unit is sent as; the city's own word where it is none of ours. */
export function roleWord(role: string): string {
  const key = `dispatch.role_${role}`;
  return isMessageKey(key) ? t(key) : role;
}

export function dueWord(what: Due): string {
  return t(`dispatch.due_${what}`);
}

/** Until its people are there, as `3.05`. */
export function arrivalWord(arrivesS: number | null): string {
  return arrivesS === null ? "?" : duration(arrivesS);
}

/** Between when its people are there in four of five cases; empty where too few arrivals are known. */
export function rangeWord({ range }: Pick<Rated, "range">): string {
  return range == null ? "" : `${duration(range.low_s)}–${duration(range.high_s)}`;
}

/** The same with what it is taken of, for who asks. */
export function rangeHint({ range }: Pick<Rated, "range">): string {
  return range == null ? t("dispatch.range_none") : t(`dispatch.range_${range.by}`, { n: number(range.n) });
}

/** Why the law would be broken, in one sentence. */
export function lateWord(late: Late): string {
  const time = duration(late.over_s ?? 0);
  const unit = late.unit ?? "";
  if (late.why === "nobody") return t("dispatch.late_nobody");
  if (late.why === "waited") return t("dispatch.late_waited", { since: duration(late.since_call_s), time });
  if (late.why === "nearer_held" && late.nearer !== null)
    return t("dispatch.late_nearer", { unit, time, near: late.nearer.unit, near_time: duration(late.nearer.arrives_s), why: [whyWord(late.nearer.why), late.nearer.task ?? ""].join(" ").trim() });
  const main = late.why === "traffic" ? t("dispatch.late_traffic", { unit, time, traffic: duration(late.traffic_s ?? 0) }) : t("dispatch.late_far", { unit, time });
  return late.cause === null ? main : `${main} ${causeWord(late.cause)}`;
}

/** The road that makes the drive longer, and what it costs. */
function causeWord({ road, state, since, lost_s, is_avoided }: NonNullable<Late["cause"]>): string {
  const costs = lost_s === null ? null : t("dispatch.cause_costs", { time: duration(lost_s) });
  return [roadWord(road, state, since), costs, is_avoided ? t("dispatch.cause_avoided") : null].filter((part) => part !== null).join(" ");
}

/** Why nobody is proposed, what can be mended first: each reason with how many units it holds back. */
export function missingWord({ missing, named }: Slot): string {
  const why = missing.map(({ why: reason, count }) => (reason === "none_such" ? whyWord(reason) : `${whyWord(reason)} ${number(count)}`)).join(", ");
  if (named === null) return why;
  const near = [named.name, named.task, named.arrives_s === null ? null : duration(named.arrives_s)].filter((part) => part !== null).join(" ");
  return t("dispatch.missing_nearest", { why, unit: near });
}

/** What a person weighs of a unit: how wide it is, how far its people walk. */
export function fitWords({ width_m, walk_m }: Pick<Rated, "width_m" | "walk_m">): string[] {
  const parts: string[] = [];
  if (width_m !== null) parts.push(t("dispatch.width", { n: number(width_m, 1) }));
  if (walk_m !== null) parts.push(t("dispatch.walk", { length: distance(walk_m) }));
  return parts;
}

/** Roles that lack a unit, each with how many, as `1 Pemadam, 1 Ambulans`. */
export function shortage(needs: readonly Need[]): string {
  const counts = new Map<string, number>();
  for (const { slot, unit } of needs) if (unit === null && slot.sent === null) counts.set(slot.role, (counts.get(slot.role) ?? 0) + 1);
  return [...counts].map(([role, count]) => `${number(count)} ${roleWord(role)}`).join(", ");
}
