/** Places the monitors of a wall. Pure. Monitors are numbered left to right, top to bottom, for good. */

/** One monitor's place in the grid, in cells from 1. */
export interface Place {
  readonly monitor: number;
  readonly column: number;
  readonly row: number;
  readonly width: number;
  readonly height: number;
}

/** A division of the wall. */
export interface Division {
  readonly count: number;
  readonly columns: number;
  readonly rows: number;
  /** Cells along one side of monitor 1; 2 makes it the large one. */
  readonly big: number;
}

/** All divisions on offer, by their number of monitors. */
export const DIVISIONS: readonly Division[] = [
  { count: 1, columns: 1, rows: 1, big: 1 },
  { count: 4, columns: 2, rows: 2, big: 1 },
  { count: 6, columns: 3, rows: 3, big: 2 },
  { count: 9, columns: 3, rows: 3, big: 1 },
  { count: 12, columns: 4, rows: 3, big: 1 },
  { count: 16, columns: 4, rows: 4, big: 1 },
];

/** The division with so many monitors, or the smallest that holds them. */
export function divisionFor(count: number): Division {
  return DIVISIONS.find((d) => d.count >= count) ?? DIVISIONS[DIVISIONS.length - 1]!;
}

/** The division whose grid and number of tiles a saved layout has. */
export function divisionOf(columns: number, rows: number, tiles: number): Division {
  const same = DIVISIONS.filter((d) => d.columns === columns && d.rows === rows);
  return same.find((d) => d.count === tiles) ?? same.find((d) => d.big === 1) ?? divisionFor(Math.max(1, tiles));
}

/** Where each monitor stands. */
export function places(division: Division): Place[] {
  const taken = new Set<string>();
  const out: Place[] = [];
  for (let row = 1; row <= division.rows; row += 1) {
    for (let column = 1; column <= division.columns; column += 1) {
      if (taken.has(`${column},${row}`)) continue;
      const size = out.length === 0 ? division.big : 1;
      for (let x = 0; x < size; x += 1) for (let y = 0; y < size; y += 1) taken.add(`${column + x},${row + y}`);
      out.push({ monitor: out.length + 1, column, row, width: size, height: size });
    }
  }
  return out;
}

/** Which way a key goes. */
export type Way = "left" | "right" | "up" | "down";

/** The monitor reached from another by an arrow key; the same one at the rim. */
export function neighbour(division: Division, from: number, way: Way): number {
  const all = places(division);
  const here = all.find((p) => p.monitor === from);
  if (here === undefined) return 1;
  const column = way === "left" ? here.column - 1 : way === "right" ? here.column + here.width : here.column;
  const row = way === "up" ? here.row - 1 : way === "down" ? here.row + here.height : here.row;
  const there = all.find(
    (p) => column >= p.column && column < p.column + p.width && row >= p.row && row < p.row + p.height,
  );
  return there?.monitor ?? from;
}

/**
 * The type size for reading from a distance: character height is distance x 0.004 (NUREG-0700),
 * over the cap height of the face (0.698) and the pitch of the screen.
 *
 * @returns the factor against the desk's 13 px, never below 1.
 */
export function readingScale(distanceM: number, pitchMm: number): number {
  if (distanceM <= 0 || pitchMm <= 0) return 1;
  return Math.max(1, (distanceM * 1000 * 0.004) / 0.698 / pitchMm / 13);
}

/** The camera a cycling monitor shows at a moment; all monitors change together. */
export function cycled(cameras: readonly string[], elapsedS: number, dwellS: number): string | undefined {
  if (cameras.length === 0) return undefined;
  const turn = Math.floor(Math.max(0, elapsedS) / Math.max(LEAST_DWELL_S, dwellS));
  return cameras[turn % cameras.length];
}

/** No picture is shown shorter than this, since it could not be read. */
export const LEAST_DWELL_S = 5;
