/** Words of the state of roads, in the language of the page. */
import { isMessageKey, t, type MessageKey } from "$lib/t";
import type { HowWord, Trend } from "./types";

export const howWord: Readonly<Record<HowWord, MessageKey>> = {
  free_flow: "traffic.how_free_flow",
  measured: "traffic.how_measured",
  reported: "traffic.how_reported",
  typical: "traffic.how_typical",
  neighbours: "traffic.how_neighbours",
  closed: "traffic.how_closed",
};

export const trendWord: Readonly<Record<Trend, MessageKey>> = {
  growing: "traffic.trend_growing",
  steady: "traffic.trend_steady",
  shrinking: "traffic.trend_shrinking",
};

/** What made it; the bare word where no text is known. */
export function causeWord(cause: string): string {
  const key = `traffic.cause_${cause}`;
  return isMessageKey(key) ? t(key) : cause;
}

/** Why a jam is over; the bare word where no text is known. */
export function endWord(reason: string): string {
  const key = `traffic.end_${reason}`;
  return isMessageKey(key) ? t(key) : reason;
}

/** A road by its name, or that it has none. */
export function roadName(name: string | undefined): string {
  return name === undefined || name === "" ? t("traffic.unnamed") : name;
}
