/** How much the last position of a unit still says about now, and how that is drawn. Pure. */
import type { MessageKey } from "$lib/t";
import { isMessageKey, t } from "$lib/t";
import type { Unit } from "./types";

/** As the server judges it (`units.fresh_s`, `units.silent_after_s`): here by its own clock, also without news. */
export const FRESH_S = 30;
export const SILENT_S = 300;
/** Slower than this a vehicle stands: noise of its receiver is as fast. */
export const DRIVING_KMH = 3;

export type Standing = "driving" | "standing" | "stale" | "silent" | "never";

export const STANDINGS: readonly Standing[] = ["driving", "standing", "stale", "silent", "never"];

export const standingWord: Readonly<Record<Standing, MessageKey>> = {
  driving: "units.driving",
  standing: "units.standing",
  stale: "units.stale",
  silent: "units.silent",
  never: "units.never",
};

/** Seconds since the last position; null where there never was one. */
export function ageS(unit: Pick<Unit, "position">, nowMs: number): number | null {
  return unit.position === null ? null : Math.max(0, (nowMs - Date.parse(unit.position.at)) / 1000);
}

/** What is known of it now. */
export function standing(unit: Pick<Unit, "position">, nowMs: number): Standing {
  const age = ageS(unit, nowMs);
  if (age === null) return "never";
  if (age > SILENT_S) return "silent";
  if (age > FRESH_S) return "stale";
  return (unit.position?.kmh ?? 0) >= DRIVING_KMH ? "driving" : "standing";
}

/** What a kind of unit is called; the city's own word where it is none of ours. */
export function kindWord(kind: string): string {
  const key = `units.kind_${kind}`;
  return isMessageKey(key) ? t(key) : kind;
}

/** What it can do, in words; the city's own where it is none of ours. */
export function capabilityWord(capability: string): string {
  const key = `units.can_${capability}`;
  return isMessageKey(key) ? t(key) : capability;
}

/** The shape that stands for a kind on the map. */
export type Shape = "engine" | "tanker" | "ambulance" | "patrol" | "dishub" | "boat" | "bus" | "other";

const SHAPE_OF: Readonly<Record<string, Shape>> = {
  engine: "engine",
  ladder: "engine",
  tanker: "tanker",
  relief: "engine",
  pump_truck: "tanker",
  power: "dishub",
  ambulance: "ambulance",
  patrol: "patrol",
  police: "patrol",
  dishub: "dishub",
  tow: "dishub",
  boat: "boat",
  fire_boat: "boat",
  bus: "bus",
};

export const SHAPES: readonly Shape[] = ["engine", "tanker", "ambulance", "patrol", "dishub", "boat", "bus", "other"];

/** Whether it is sent out to help: those stand before buses and whatever else is in view. */
export function isService(kind: string): boolean {
  const shape = shapeOf(kind);
  return shape !== "other" && shape !== "bus";
}

export function shapeOf(kind: string): Shape {
  return SHAPE_OF[kind] ?? "other";
}
