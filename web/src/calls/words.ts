/** Words for calls. */
import { t } from "$lib/t";
import { reasonOf } from "./turns";
import type { Call, CallClass, CallState, Channel } from "./types";

export const classWord = (one: CallClass): string => t(`calls.class_${one}`);
export const stateWord = (one: CallState): string => t(`calls.state_${one}`);
export const channelWord = (one: Channel): string => t(`calls.channel_${one}`);

/** What is missing at the desk, by the code that the server gives it. */
export const problemWord = (code: string): string => t(code === "kernel.database_away" ? "calls.stands_alone" : "error.calls.edge_away");

export function numberWord(call: Call): string {
  return call.from_number === "" ? t("calls.no_number") : call.from_number;
}

const EVENTS = [
  "offered", "location", "ringing", "passed_over", "answered", "held", "resumed", "caller_hold", "conferenced", "parted", "transfer_begun", "transfer_failed",
  "transferred", "handed", "agent_lost", "monitored", "key", "silent_confirmed", "sound_changed", "gap", "ended", "recorded", "abandoned", "callback_due", "not_reached", "reached", "closed",
] as const; // prettier-ignore

/** What happened to a call; a kind that this page does not know yet by its own name. */
export function eventWord(kind: string): string {
  const known = EVENTS.find((one) => one === kind);
  return known === undefined ? kind : t(`calls.event_${known}`);
}

const REASONS = ["pranks", "ghosts", "real", "lately", "hidden", "night"] as const;

/** Why a call got its score, in words. */
export function reasonsWord(call: Call): string {
  return call.nuisance_reasons
    .map((text) => {
      const { word, count } = reasonOf(text);
      const known = REASONS.find((one) => one === word);
      return known === undefined ? word : t(`calls.reason_${known}`, { count });
    })
    .join(", ");
}
