/** What a vehicle is doing, by a shape and a colour of its own (viewBox 0 0 16 16). */
import type { Status } from "./types";

export const STATUSES: readonly Status[] = ["available", "dispatched", "accepted", "en_route", "delayed", "staged", "on_scene", "transporting", "at_facility", "returning", "emergency", "out_of_service", "unknown"];

export interface Sign {
  path: string;
  /** Role of the colour, as tokens name it. */
  colour: string;
  isFilled: boolean;
  dash?: string;
  /** A second path, filled whatever the first is. */
  inner?: string;
}

const RING = "M8 2.500a5.500 5.500 0 1 0 0 11 5.500 5.500 0 0 0 0-11z";

export const SIGNS: Readonly<Record<Status, Sign>> = {
  available: { path: RING, colour: "fg-1", isFilled: false },
  dispatched: { path: RING, colour: "p3", isFilled: false, inner: "M8 2.500a5.500 5.500 0 0 1 0 11z" },
  accepted: { path: RING, colour: "fg-1", isFilled: false, inner: "M8 5.500a2.500 2.500 0 1 0 0 5 2.500 2.500 0 0 0 0-5z" },
  en_route: { path: "M2.500 2.500 14 8 2.500 13.500 5 8z", colour: "move", isFilled: true },
  delayed: { path: "M3 2.500h10L8 8l5 5.500H3L8 8z", colour: "late", isFilled: true },
  staged: { path: "M2.500 2.500 14 8 2.500 13.500 5 8z", colour: "move", isFilled: false },
  on_scene: { path: "M3 3h10v10H3z", colour: "scene", isFilled: true },
  transporting: { path: "M3 3l5 5-5 5M8 3l5 5-5 5", colour: "move", isFilled: false },
  at_facility: { path: "M4 3v10M12 3v10M4 8h8", colour: "scene", isFilled: false },
  returning: { path: "M8 2.500 14 8h-2.500v5.500h-7V8H2z", colour: "fg-1", isFilled: false },
  emergency: { path: "M5 1.500h6L14.500 5v6L11 14.500H5L1.500 11V5z", colour: "p1", isFilled: true },
  out_of_service: { path: "M3.500 3.500l9 9M12.500 3.500l-9 9", colour: "fg-1", isFilled: false },
  unknown: { path: RING, colour: "fg-2", isFilled: false, dash: "2 1.600" },
};
