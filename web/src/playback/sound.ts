/** The sound of one replayed camera: it follows the clock at normal speed and is silent at any other. */
import { RecordedTrack, type MediaUrl } from "../video/playback";
import type { SoundEvents, SoundSource } from "../video/sound.svelte";
import type { Deck } from "./deck";
import { boundsFor } from "./sync";

/** Strays up to this many seconds are not heard; beyond the second the sound jumps. */
const STRAY_S = 0.05;
const JUMP_S = 0.25;
/** A change of speed that nobody hears. */
const NUDGE = 0.03;

/** What brings sound back to the clock: a jump, or a speed. */
export function followRate(strayS: number): number | "jump" {
  const off = Math.abs(strayS);
  if (off > JUMP_S) return "jump";
  if (off <= STRAY_S) return 1;
  return strayS > 0 ? 1 - NUDGE : 1 + NUDGE;
}

/** Sound that a deck takes along. */
export class ReplaySound implements SoundSource {
  private readonly onplaying = (): void => this.events.heard();

  constructor(
    private readonly element: HTMLVideoElement,
    private readonly deck: Deck,
    private readonly events: SoundEvents,
    url: MediaUrl,
    private readonly track = new RecordedTrack(element, url, deck.at - 24 * 3_600_000),
  ) {
    element.addEventListener("playing", this.onplaying);
    track.setMode("sound", deck.at);
    deck.sound = this;
  }

  /** Goes to another moment. */
  seek(wallMs: number): void {
    this.track.seek(wallMs);
  }

  /** Keeps to the clock; `runs` says whether the pictures move on at normal speed. */
  follow(wallMs: number, runs: boolean): void {
    const { element, track } = this;
    if (runs) track.feed(wallMs, boundsFor(1));
    if (track.trouble?.code === "unplayable") return this.events.ended("unplayable");
    if (!runs || !track.covers(wallMs)) return element.pause();
    if (element.paused) void element.play().catch((error: unknown) => this.notPlayed(error));
    if (element.seeking) return;
    const wanted = track.media(wallMs);
    const rate = followRate(element.currentTime - wanted);
    if (rate === "jump") element.currentTime = wanted;
    else if (element.playbackRate !== rate) element.playbackRate = rate;
  }

  close(): void {
    this.element.removeEventListener("playing", this.onplaying);
    if (this.deck.sound === this) this.deck.sound = null;
    this.track.close();
  }

  private notPlayed(error: unknown): void {
    if (error instanceof DOMException && error.name === "NotAllowedError") this.events.ended("blocked");
  }
}
