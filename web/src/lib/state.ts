/** The one vocabulary of states: what a camera is called, and from when on it is late or stale. */
import type { MessageKey } from "./t";
import type { CameraState, CameraStateWord } from "./types";

export type StateWord = CameraStateWord | "stale" | "frozen";

const WORDS: Record<StateWord, MessageKey> = {
  live: "state.live",
  late: "state.late",
  stale: "state.stale",
  frozen: "state.frozen",
  offline: "state.offline",
  unknown: "state.unknown",
};

/** The key of a state's word. */
export function stateKey(state: StateWord): MessageKey {
  return WORDS[state];
}

/** Ages of a picture from which it counts as late and as stale, in seconds. */
export const LATE_AFTER_S = 2;
export const STALE_AFTER_S = 10;

/** What a picture of this age is, whatever the server last said. */
export function pictureState(ageS: number | null): "live" | "late" | "stale" | "unknown" {
  if (ageS === null) return "unknown";
  if (ageS > STALE_AFTER_S) return "stale";
  return ageS > LATE_AFTER_S ? "late" : "live";
}

/** Seconds that a camera has been in its state; null when nobody knows since when. */
export function sinceS(state: CameraState, nowMs: number): number | null {
  return state.since === null ? null : Math.max(0, (nowMs - Date.parse(state.since)) / 1_000);
}
