/**
 * Reads the wall's command line. Pure. What a joystick keyboard sends is the same words:
 * `5 214` sends camera 214 to monitor 5, `L 9` divides in nine, `P 2` recalls preset 2, `C 15`
 * cycles every fifteen seconds.
 */

/** What the operator asked for. */
export type Command =
  | { readonly kind: "select"; readonly monitor: number }
  | { readonly kind: "send"; readonly monitor: number; readonly cameras: readonly string[] }
  | { readonly kind: "clear"; readonly monitor: number }
  | { readonly kind: "clear_all" }
  | { readonly kind: "divide"; readonly count: number }
  | { readonly kind: "preset"; readonly index: number }
  | { readonly kind: "cycle"; readonly dwellS: number | null }
  | { readonly kind: "replay"; readonly monitor: number | null }
  | { readonly kind: "full" };

/** Why a line cannot be carried out; the word is the end of a message key `wall.command_*`. */
export type Fault = "empty" | "unknown" | "monitor" | "camera" | "count" | "number";

/** A read line: the command, or why not. */
export type Read = { readonly command: Command } | { readonly fault: Fault; readonly word: string };

/** What the reader must know about the wall. */
export interface WallFacts {
  readonly monitors: number;
  readonly counts: readonly number[];
  /** True when this person may see a camera of this number. */
  readonly hasCamera: (number: string) => boolean;
}

const bad = (fault: Fault, word: string): Read => ({ fault, word });

/** Reads one line. */
export function readCommand(line: string, wall: WallFacts): Read {
  const words = line.trim().toUpperCase().split(/[\s,]+/).filter(Boolean);
  const [first, ...rest] = words;
  if (first === undefined) return bad("empty", "");
  if (/^\d+$/.test(first)) return readMonitor(first, rest, wall);
  switch (first) {
    case "L":
      return readCount(rest[0], wall);
    case "P":
      return whole(rest[0], (index) => ({ kind: "preset", index }));
    case "C":
      return rest[0] === undefined
        ? { command: { kind: "cycle", dwellS: null } }
        : whole(rest[0], (dwellS) => ({ kind: "cycle", dwellS }));
    case "R":
      return { command: { kind: "replay", monitor: null } };
    case "X":
      return { command: { kind: "clear_all" } };
    case "F":
      return { command: { kind: "full" } };
    default:
      return bad("unknown", first);
  }
}

function readMonitor(first: string, rest: readonly string[], wall: WallFacts): Read {
  const monitor = Number(first);
  if (monitor < 1 || monitor > wall.monitors) return bad("monitor", first);
  const [verb] = rest;
  if (verb === undefined) return { command: { kind: "select", monitor } };
  if (verb === "X" || verb === "-") return { command: { kind: "clear", monitor } };
  if (verb === "R") return { command: { kind: "replay", monitor } };
  const cameras = rest.flatMap((word) => word.split("+")).filter(Boolean);
  const missing = cameras.find((number) => !wall.hasCamera(number));
  return missing === undefined ? { command: { kind: "send", monitor, cameras } } : bad("camera", missing);
}

function readCount(word: string | undefined, wall: WallFacts): Read {
  const count = Number(word);
  return wall.counts.includes(count) ? { command: { kind: "divide", count } } : bad("count", word ?? "");
}

function whole(word: string | undefined, build: (value: number) => Command): Read {
  return word !== undefined && /^\d{1,4}$/.test(word) && Number(word) > 0
    ? { command: build(Number(word)) }
    : bad("number", word ?? "");
}

/** Finds the camera a typed number means: `88` is camera `088` unless a camera `88` exists. */
export function findByNumber<T extends { readonly number: string | number }>(
  cameras: readonly T[],
  typed: string,
): T | undefined {
  const exact = cameras.find((camera) => String(camera.number).toUpperCase() === typed);
  if (exact !== undefined || !/^\d+$/.test(typed)) return exact;
  return cameras.find((camera) => /^\d+$/.test(String(camera.number)) && Number(camera.number) === Number(typed));
}
