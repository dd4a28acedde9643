/** How the state of a road is said and drawn. Pure. */
import type { MessageKey } from "$lib/t";
import { HOW, type Whole } from "./types";

/** The classes of the legend, by the numbers of the server's colours. */
export type RoadClass = "unknown" | "free" | "busy" | "dense" | "jammed" | "closed";

/** By `Colour`: unknown, free, light, moderate, slow, heavy, jam, closed. */
const CLASS_OF: readonly RoadClass[] = ["unknown", "free", "free", "busy", "busy", "dense", "jammed", "closed"];

export const CLASSES: readonly RoadClass[] = ["free", "busy", "dense", "jammed", "closed", "unknown"];

export function classOf(colour: number): RoadClass {
  return CLASS_OF[colour] ?? "unknown";
}

export const classWord: Readonly<Record<RoadClass, MessageKey>> = {
  unknown: "traffic.class_unknown",
  free: "traffic.class_free",
  busy: "traffic.class_busy",
  dense: "traffic.class_dense",
  jammed: "traffic.class_jammed",
  closed: "traffic.class_closed",
};

/** Whether somebody saw it, or it was worked out: nothing, seen, or an estimate. */
export type Sureness = 0 | 1 | 2;

/** By `How`: unknown, measured, reported, typical, neighbours, closed. */
const SURENESS: readonly Sureness[] = [0, 1, 1, 2, 2, 1];

export function sureness(how: number): Sureness {
  return SURENESS[how] ?? 0;
}

const NUMBER_OF = new Map<string, number>(HOW.map((letter, number) => [letter, number]));

/** What was told as signs, as numbers. */
export function numbers({ colour, how }: Pick<Whole, "colour" | "how">): { colour: Uint8Array; how: Uint8Array } {
  const colours = new Uint8Array(colour.length);
  const hows = new Uint8Array(colour.length);
  for (let edge = 0; edge < colour.length; edge += 1) {
    colours[edge] = colour.charCodeAt(edge) - 48;
    hows[edge] = NUMBER_OF.get(how[edge] ?? "u") ?? 0;
  }
  return { colour: colours, how: hows };
}

/** Which edges differ; all of them where nothing was drawn before. */
export function changed(before: Drawn | null, after: Drawn): number[] {
  const edges: number[] = [];
  for (let edge = 0; edge < after.colour.length; edge += 1) {
    const was = before === null ? 0 : drawn(before, edge);
    if (was !== drawn(after, edge)) edges.push(edge);
  }
  return edges;
}

export interface Drawn {
  readonly colour: Uint8Array;
  readonly how: Uint8Array;
}

/** What of an edge is seen on the map, as one number: edges of the same number look the same. */
function drawn({ colour, how }: Drawn, edge: number): number {
  return CLASS_NUMBER[classOf(colour[edge] ?? 0)] * 4 + sureness(how[edge] ?? 0);
}

/** Numbers of the classes in feature-state: 0 is unknown, which is also what no state means. */
export const CLASS_NUMBER: Readonly<Record<RoadClass, number>> = { unknown: 0, free: 1, busy: 2, dense: 3, jammed: 4, closed: 5 };
