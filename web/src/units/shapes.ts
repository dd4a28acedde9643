/** The signs of vehicles: one shape for each kind, drawn alike on the map and in lists (viewBox 0 0 16 16). */
import type { Shape, Standing } from "./fresh";

/** Outline of a shape as an SVG path. */
export const PATHS: Readonly<Record<Shape, string>> = {
  engine: "M8 1.500 14 6.500V14H2V6.500z",
  tanker: "M5 3.5h6a4.5 4.5 0 0 1 0 9H5a4.500 4.500 0 0 1 0-9z",
  ambulance: "M6 2.500h4v3.500h3.500v4H10v3.500H6V10H2.500V6H6z",
  patrol: "M8 1.800 13.500 4v4.200c0 3-2.200 5-5.500 6.200-3.300-1.200-5.500-3.200-5.500-6.200V4z",
  dishub: "M8 1.500 14.500 8 8 14.500 1.500 8z",
  boat: "M1.500 8h13l-3 5.500h-7zM7 2.500h2V7H7z",
  bus: "M4 2.500h8A1.500 1.500 0 0 1 13.500 4v9.500h-11V4A1.500 1.500 0 0 1 4 2.500z",
  other: "M8 2.500a5.500 5.500 0 1 0 0 11 5.500 5.500 0 0 0 0-11z",
};

/** The role of the colour of a standing, as tokens name it. */
export const COLOURS: Readonly<Record<Standing, string>> = {
  driving: "fg-1",
  standing: "fg-1",
  stale: "fg-2",
  silent: "fg-2",
  never: "fg-2",
};

/** Whether the shape is filled: what is not known to be of now is an outline. */
export function isFilled(standing: Standing): boolean {
  return standing === "driving" || standing === "standing";
}
