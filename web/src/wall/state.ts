/** What a wall shows, and how that is kept in the address and in the browser. Pure. */
import { divisionFor, LEAST_DWELL_S } from "./layout";

/** The contents of a wall. Monitor n is `monitors[n - 1]`; several cameras on one take turns. */
export interface WallState {
  readonly count: number;
  readonly monitors: readonly (readonly string[])[];
  readonly dwellS: number;
  readonly cycling: boolean;
  readonly selected: number;
}

export const DEFAULT_DWELL_S = 10;

/** An empty wall of so many monitors. */
export function emptyWall(count = 9): WallState {
  return { count, monitors: Array.from({ length: count }, () => []), dwellS: DEFAULT_DWELL_S, cycling: true, selected: 1 };
}

/** Sets what one monitor shows. */
export function send(wall: WallState, monitor: number, cameras: readonly string[]): WallState {
  const monitors = wall.monitors.map((old, i) => (i === monitor - 1 ? cameras : old));
  return { ...wall, monitors };
}

/** Puts a camera on a monitor; a camera that stands on another one changes places with what was here. */
export function swap(wall: WallState, from: number, to: number): WallState {
  const a = wall.monitors[from - 1] ?? [];
  const b = wall.monitors[to - 1] ?? [];
  return { ...send(send(wall, to, a), from, b), selected: to };
}

/** Divides the wall anew; pictures keep their monitor, those beyond the last are kept for a way back. */
export function divide(wall: WallState, count: number): WallState {
  const fitting = divisionFor(count).count;
  const monitors = Array.from({ length: Math.max(fitting, wall.monitors.length) }, (_, i) => wall.monitors[i] ?? []);
  return { ...wall, count: fitting, monitors, selected: Math.min(wall.selected, fitting) };
}

/** The first monitor without a camera, or the selected one when all are taken. */
export function nextFree(wall: WallState): number {
  const free = wall.monitors.slice(0, wall.count).findIndex((cameras) => cameras.length === 0);
  return free < 0 ? wall.selected : free + 1;
}

/** The address of a wall: `l=9&m=201;202+203;;...&d=10`, by camera numbers, so that people can read it. */
export function toQuery(wall: WallState): string {
  const monitors = wall.monitors.slice(0, wall.count).map((cameras) => cameras.join("+"));
  while (monitors.length > 0 && monitors[monitors.length - 1] === "") monitors.pop();
  const parts = [`l=${wall.count}`, `m=${monitors.join(";")}`];
  if (wall.dwellS !== DEFAULT_DWELL_S) parts.push(`d=${wall.dwellS}`);
  if (!wall.cycling) parts.push("c=0");
  if (wall.selected !== 1) parts.push(`s=${wall.selected}`);
  return parts.join("&");
}

/** Reads an address back; null when it describes no wall. */
export function fromQuery(query: string): WallState | null {
  // `+` stands for itself here: the address is ours and is written without form encoding.
  const fields = new Map(query.replace(/^\?/, "").split("&").map((part) => part.split("=", 2) as [string, string | undefined]));
  const count = Number(fields.get("l"));
  if (!Number.isInteger(count) || count < 1 || count > 16) return null;
  const division = divisionFor(count);
  const words = decodeURIComponent(fields.get("m") ?? "").split(";");
  const monitors = Array.from({ length: division.count }, (_, i) => (words[i] ?? "").split("+").filter(isNumber));
  return {
    count: division.count,
    monitors,
    dwellS: Math.max(LEAST_DWELL_S, Math.min(3600, Number(fields.get("d")) || DEFAULT_DWELL_S)),
    cycling: fields.get("c") !== "0",
    selected: Math.min(division.count, Math.max(1, Number(fields.get("s")) || 1)),
  };
}

function isNumber(word: string): boolean {
  return /^[0-9A-Za-z-]{1,12}$/.test(word);
}

/** What every monitor says, counted for the summary line. */
export type Count = Readonly<Record<"live" | "late" | "stale" | "offline" | "refused" | "other" | "empty", number>>;

/** Counts the pictures of a wall; a frozen one counts as stale. */
export function countPictures(pictures: readonly (string | null)[]): Count {
  const count = { live: 0, late: 0, stale: 0, offline: 0, refused: 0, other: 0, empty: 0 };
  for (const picture of pictures) {
    if (picture === null) count.empty += 1;
    else if (picture === "frozen" || picture === "stale") count.stale += 1;
    else if (picture === "live" || picture === "late" || picture === "offline" || picture === "refused") count[picture] += 1;
    else count.other += 1;
  }
  return count;
}
