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

/** Follows equal pictures: feed one small sample a second, read how long it has not changed. */
export class StillWatch {
  private last: Uint8ClampedArray | null = null;
  private since = 0;

  /** Takes a sample at a moment (seconds) and returns for how long the picture has been equal. */
  sample(pixels: Uint8ClampedArray, nowS: number): number {
    if (this.last === null || !equal(this.last, pixels)) {
      this.last = Uint8ClampedArray.from(pixels);
      this.since = nowS;
    }
    return nowS - this.since;
  }

  /** Forgets what was seen, for a new stream. */
  reset(): void {
    this.last = null;
  }
}

function equal(a: Uint8ClampedArray, b: Uint8ClampedArray): boolean {
  if (a.length !== b.length) return false;
  for (let i = 0; i < a.length; i += 1) if (a[i] !== b[i]) return false;
  return true;
}
