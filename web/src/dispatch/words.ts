/** Words of dispatch, in the language of the page. */
import { distance, duration, number, time } from "$lib/format";
import { isMessageKey, t } from "$lib/t";
import type { LogEvent, RoadState, TaskDetail, TaskShort, WayWorse } from "./types";

function word(key: string, otherwise: string): string {
  return isMessageKey(key) ? t(key) : otherwise;
}

export const stateWord = (state: string): string => word(`dispatch.state_${state}`, state);
export const outcomeWord = (outcome: string): string => word(`dispatch.outcome_${outcome}`, outcome);
export const didWord = (did: string): string => word(`dispatch.did_${did}`, did);
export const heldWord = (held: string): string => word(`dispatch.held_${held}`, held);
export const outWord = (reason: string): string => word(`dispatch.out_${reason}`, reason);
export const whyWord = (why: string): string => word(`dispatch.why_${why}`, why);
export const whyNoMoveWord = (why: string): string => word(`dispatch.no_move_${why}`, why);
export const jamEndWord = (reason: string): string => word(`dispatch.jam_${reason}`, reason);
export const momentWord = (moment: string): string => word(`dispatch.moment_${moment}`, moment);

/** Where a task is: its roads, else what was noted, else that the road has no name. */
export function placeWord(task: Pick<TaskShort, "roads" | "note">): string {
  return task.roads[0] ?? (task.note !== "" ? task.note : t("dispatch.no_road"));
}

/** Last six digits, as lists show a number. */
export function shortNumber(value: string): string {
  return value.slice(-6);
}

function said(value: unknown): string {
  return typeof value === "string" ? value : "";
}

/** A row of the log in one sentence. */
export function eventWord(event: LogEvent, unitName: string | null): string {
  const { detail } = event;
  const unit = unitName ?? said(detail["unit"]);
  const main = word(`dispatch.log_${event.kind}`, event.kind).replace("{unit}", unit);
  const more: string[] = [];
  if (event.kind === "delayed") more.push(heldWord(said(detail["held"])));
  if (event.kind === "acted") more.push(didWord(said(detail["did"])));
  if (event.kind === "cleared" || event.kind === "closed") more.push(outcomeWord(said(detail["outcome"]) || "solved"));
  if (event.kind === "way_worse" || event.kind === "way_better") more.push(wayWord({ ...(detail as unknown as WayWorse), kind: event.kind, at: event.happened_at }));
  if (event.kind === "jam_ended") more.push(jamEndWord(said(detail["reason"])));
  if (event.kind === "dispatched") {
    const [rank, of] = [detail["rank"], detail["of"]];
    if (typeof rank === "number" && typeof of === "number") more.push(t("dispatch.log_rank", { rank, of }));
    else if (typeof detail["although"] === "string") more.push(t("dispatch.log_although", { why: whyWord(detail["although"]) }));
  }
  if (event.reason !== "") more.push(event.reason);
  return more.length === 0 ? main : `${main}: ${more.join(", ")}`;
}

/** What became of the jam after the task; "after", never "because". */
export function impactWord({ finding, minutes, before, after }: TaskDetail["impact"]): string {
  if (finding === "waiting" || finding === "unknown" || before?.length_m == null || after?.length_m == null) {
    return t(finding === "waiting" ? "dispatch.impact_waiting" : "dispatch.impact_unknown");
  }
  return t(`dispatch.impact_${finding}`, { when: momentWord(before.moment), before: distance(before.length_m), after: distance(after.length_m), n: number(minutes ?? 0) });
}

/** Whole minutes: as much as a way on the map says. */
export function minutes(seconds: number): string {
  return t("unit.minutes", { n: number(Math.max(1, Math.round(seconds / 60))) });
}

/** A road as people read it. */
export const named = (road: string): string => (road === "" ? t("route.unnamed_road") : road);

/** What holds a road up, and since when. */
export function roadWord(road: string, state: RoadState, since: string | null): string {
  const of = { road: named(road), at: since === null ? "" : time(since, { seconds: false }) };
  const word = since === null ? t(`dispatch.road_${state}`, { road: of.road }) : t(`dispatch.road_${state}_since`, of);
  return word.charAt(0).toUpperCase() + word.slice(1);
}

/** Why another way is better than the one that a unit goes, and what each takes. */
export function wayWord({ kind, closed, road, state, since, was_s, now_s, better_s, via }: WayWorse): string {
  const by = { via: named(via ?? ""), better: duration(better_s) };
  if (kind === "way_better") return t("dispatch.way_quicker", { ...by, now: duration(now_s ?? was_s) });
  const why = roadWord(road, closed ? "closed" : (state ?? "slow"), since ?? null);
  const takes = closed || now_s === null ? null : t("dispatch.way_takes", { now: duration(now_s), was: duration(was_s) });
  const other = via == null ? t("dispatch.way_no_other") : t("dispatch.way_by", by);
  return [why, takes, other].filter((part) => part !== null).join(" ");
}

/** On the map, at the way that a unit goes while there is a better one. */
export function oldWayWord(unit: string, { closed, now_s, road, state }: WayWorse): string {
  if (closed || now_s === null) return t("dispatch.way_old_closed", { unit, road: named(road) });
  return state === "jam" ? t("dispatch.way_old_jam", { unit, time: minutes(now_s), road: named(road) }) : t("dispatch.way_old", { unit, time: minutes(now_s) });
}
