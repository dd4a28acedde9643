/**
 * Decides what a tile says about its picture. Pure. The order matters: a right that is missing
 * beats a codec that cannot be played, which beats a camera that is away, which beats an age.
 */

/** What the picture is, as the operator is told. */
export type Picture =
  | "live"
  | "late"
  | "stale"
  | "frozen"
  | "offline"
  | "unknown"
  | "refused"
  | "unplayable"
  | "starting"
  | "snapshot"
  | "paused";

/** What is known about one tile at one moment. */
export interface TileFacts {
  /** The state the server last told, or null when it never did. */
  readonly told: "live" | "late" | "offline" | "unknown" | null;
  readonly refused: boolean;
  readonly unplayable: boolean;
  /** The tile is off screen or its page is hidden, and takes no pictures. */
  readonly paused: boolean;
  /** Seconds since the capture of the last decoded frame; null before the first. */
  readonly ageS: number | null;
  /** Seconds for which the decoded pictures have been equal. */
  readonly equalS: number;
  /** A stored picture is shown until the first frame comes. */
  readonly hasSnapshot: boolean;
}

/** Ages from which a picture is late and stale, in seconds (design section 5). */
export const LATE_S = 2;
export const STALE_S = 10;
export const FROZEN_S = 10;
/** A camera told away keeps its picture this long, since the last frames may still be on the way. */
const LINGER_S = 15;

/** Says what the picture is. */
export function pictureOf(facts: TileFacts): Picture {
  if (facts.refused) return "refused";
  if (facts.unplayable) return "unplayable";
  if (facts.told === "offline" && (facts.ageS === null || facts.ageS > LINGER_S)) return "offline";
  if (facts.ageS === null) return beforeFirstFrame(facts);
  if (facts.paused) return "paused";
  if (facts.ageS > STALE_S) return facts.told === "offline" ? "offline" : "stale";
  if (facts.equalS >= FROZEN_S) return "frozen";
  return facts.ageS > LATE_S ? "late" : "live";
}

function beforeFirstFrame(facts: TileFacts): Picture {
  if (facts.hasSnapshot) return "snapshot";
  return facts.told === "unknown" ? "unknown" : "starting";
}

/** True when no picture may be mistaken for the present one. */
export function isOld(picture: Picture): boolean {
  return picture === "stale" || picture === "frozen" || picture === "paused";
}

/** Most that a cell of a repeated picture differs by (measured: 7); what moves differs by 50 and more. */
const MOVED = 10;
/** Mean difference to the most alike earlier sample: 0.3 at most when repeated, 0.5 and more with sensor noise. */
const NOISE = 0.35;
const KEPT = 16;
const JUDGED = 20;
const JUDGED_AT_LEAST = 5;

/** One look at a picture that has not moved: how much it differed from all before it. */
interface Look {
  readonly atS: number;
  readonly novelty: number;
}

/**
 * Tells a picture that stands still from a calm street: feed one small sample (RGBA) a second, read for
 * how long nothing was new in it. A camera that repeats one picture goes on encoding it, and each
 * picture of a GOP comes out a little different, so equality shows nothing. But each is like one of
 * an earlier GOP; the noise of a sensor never is (numbers in docs/pictures.md).
 */
export class StillWatch {
  private kept: Float32Array[] = [];
  private looks: Look[] = [];
  private since = 0;

  /** Takes a sample at a moment (seconds) and returns for how long the picture has stood still. */
  sample(pixels: Uint8ClampedArray, nowS: number): number {
    const cells = brightness(pixels);
    const { mean, most } = mostAlike(this.kept, cells);
    if (most > MOVED) {
      this.reset();
      this.since = nowS;
      this.kept.push(cells);
      return 0;
    }
    this.kept = [...this.kept, cells].slice(-KEPT);
    this.looks = [...this.looks, { atS: nowS, novelty: mean }].slice(-JUDGED);
    if (this.looks.length >= JUDGED_AT_LEAST && median(this.looks) < NOISE) return nowS - this.since;
    if (this.looks.length === JUDGED) this.since = this.looks[0]?.atS ?? nowS;
    return 0;
  }

  /** Forgets what was seen, for a new stream. */
  reset(): void {
    this.kept = [];
    this.looks = [];
  }
}

function brightness(pixels: Uint8ClampedArray): Float32Array {
  const cells = new Float32Array(pixels.length / 4);
  for (let i = 0, at = 0; i < cells.length; i += 1, at += 4) cells[i] = 0.299 * pixels[at]! + 0.587 * pixels[at + 1]! + 0.114 * pixels[at + 2]!;
  return cells;
}

/** Mean and largest difference to the sample that is most alike; to nothing everything is new. */
function mostAlike(kept: readonly Float32Array[], cells: Float32Array): { mean: number; most: number } {
  let best = { mean: Infinity, most: Infinity };
  for (const other of kept) {
    let [sum, most] = [0, 0];
    for (let i = 0; i < cells.length; i += 1) {
      const apart = Math.abs(cells[i]! - (other[i] ?? Infinity));
      sum += apart;
      if (apart > most) most = apart;
    }
    if (sum / cells.length < best.mean) best = { mean: sum / cells.length, most };
  }
  return best;
}

function median(looks: readonly Look[]): number {
  const sorted = looks.map((look) => look.novelty).sort((a, b) => a - b);
  return sorted[sorted.length >> 1] ?? 0;
}
