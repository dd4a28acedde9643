/**
 * Plays recordings of one camera. Media time 0 of the element is a fixed wall time, so that the
 * element's clock is the wall clock; windows are fetched ahead, and dropped behind.
 */
import { Appender } from "./appender";
import type { Span } from "./edge";
import { mimeOf, spansOf } from "./mse";

/** What is fetched: every picture, key frames alone, or the sound alone. */
export type Mode = "all" | "keys" | "sound";

/** How much to fetch at once, keep ahead and keep behind, in seconds. */
export interface TrackBounds {
  readonly windowS: number;
  readonly aheadS: number;
  readonly behindS: number;
}

/** Says where the media of a stretch of time is found. */
export type MediaUrl = (from: number, to: number, base: number, mode: Mode) => string;

/** Why a track shows nothing. */
export type Trouble = { readonly code: string; readonly text: string };

const IDLE_RETRY_MS = 2500;
const TOUCH_S = 0.35;

/** One replayed camera in one element. */
export class RecordedTrack {
  trouble: Trouble | null = null;
  /** Wall time of the frame on screen. */
  shownMs: number | null = null;
  /** Type of the sound beside the pictures that were fetched last; null where there was none. */
  sound: string | null = null;
  /** Measured seconds between frames. */
  frameS = 1 / 15;
  private appender: Appender | null = null;
  private objectUrl = "";
  private fetching: AbortController | null = null;
  private cursor: number | null = null;
  private restUntil = 0;
  private mode: Mode = "all";
  private lastMedia = -1;
  private frameHandle = 0;
  private closed = false;

  /**
   * @param baseMs wall time of media time 0; must lie before everything that is ever played.
   */
  constructor(
    private readonly video: HTMLVideoElement,
    private readonly url: MediaUrl,
    private baseMs: number,
  ) {
    this.watchFrames();
  }

  /** Wall time of the element's clock. */
  get wallMs(): number {
    return this.baseMs + this.video.currentTime * 1000;
  }

  /** Media seconds of a wall time. */
  media(wallMs: number): number {
    return (wallMs - this.baseMs) / 1000;
  }

  /** True when the picture of this moment, and a little after, is in the buffer. */
  covers(wallMs: number): boolean {
    const at = this.media(wallMs);
    return this.spans().some((s) => at >= s.start && at < s.end - 0.001);
  }

  /** True in the short hole before buffered media, as between two segments: nothing to wait for. */
  isSeam(wallMs: number): boolean {
    const at = this.media(wallMs);
    return this.spans().some((s) => at < s.start && at >= s.start - TOUCH_S);
  }

  /** Where the buffer that holds this moment ends, in seconds from the moment; 0 when it is not held. */
  aheadS(wallMs: number): number {
    const at = this.media(wallMs);
    const span = this.spans().find((s) => at >= s.start - TOUCH_S && at <= s.end);
    return span === undefined ? 0 : span.end - at;
  }

  private spans(): Span[] {
    return this.appender === null || this.appender.isFlushing ? [] : spansOf(this.video.buffered);
  }

  /** Sets the picture on a moment; fetches anew only when it is not in the buffer. */
  seek(wallMs: number): void {
    if (wallMs < this.baseMs + 60_000) this.rebase(wallMs);
    if (this.covers(wallMs)) return this.jump(wallMs);
    this.abort();
    this.appender?.reset();
    this.cursor = null;
    this.restUntil = 0;
    this.jump(wallMs);
  }

  /** Moves the element without fetching. */
  jump(wallMs: number): void {
    this.video.currentTime = Math.max(0, this.media(wallMs));
  }

  /** Changes between all frames and key frames; what was fetched of the other kind is dropped. */
  setMode(mode: Mode, wallMs: number): void {
    if (mode === this.mode) return;
    this.mode = mode;
    this.abort();
    this.appender?.reset();
    this.cursor = null;
    this.restUntil = 0;
    this.jump(wallMs);
  }

  /** Fetches when the buffer runs low. Call it often. */
  feed(wallMs: number, bounds: TrackBounds): void {
    if (this.closed || this.fetching !== null || performance.now() < this.restUntil) return;
    const ahead = this.aheadS(wallMs);
    if (ahead >= bounds.aheadS) return;
    const held = ahead > 0 ? wallMs + ahead * 1000 : wallMs;
    const from = this.cursor !== null && this.cursor > wallMs && ahead > 0 ? Math.max(this.cursor, held) : held;
    if (this.cursor !== null && ahead <= 0 && this.cursor - wallMs > bounds.windowS * 1000) return;
    void this.fetch(from, from + bounds.windowS * 1000);
    this.appender?.drop(this.media(wallMs) - bounds.behindS);
  }

  /** Lets go of everything. */
  close(): void {
    this.closed = true;
    this.abort();
    this.video.cancelVideoFrameCallback(this.frameHandle);
    this.release();
  }

  private async fetch(from: number, to: number): Promise<void> {
    const control = new AbortController();
    this.fetching = control;
    try {
      const answer = await fetch(this.url(from, to, this.baseMs, this.mode), { signal: control.signal });
      const next = Date.parse(answer.headers.get("X-Next-At") ?? "");
      if (answer.ok) await this.read(answer, control);
      else await this.nothing(answer);
      if (control.signal.aborted) return;
      this.cursor = Number.isNaN(next) ? null : next;
      if (!answer.ok || Number.isNaN(next) || next <= from) this.restUntil = performance.now() + IDLE_RETRY_MS;
    } catch (error) {
      if (control.signal.aborted) return;
      this.trouble = { code: "network", text: error instanceof Error ? error.message : "" };
      this.restUntil = performance.now() + IDLE_RETRY_MS;
    } finally {
      if (this.fetching === control) this.fetching = null;
    }
  }

  private async read(answer: Response, control: AbortController): Promise<void> {
    this.trouble = null;
    this.sound = answer.headers.get("X-Sound") || null;
    const mime = mimeOf(answer.headers.get("X-Codec") ?? "avc1.4d401e");
    if (!MediaSource.isTypeSupported(mime)) {
      this.trouble = { code: "unplayable", text: mime };
      this.restUntil = performance.now() + 60_000;
      return control.abort();
    }
    this.appender ??= this.open(mime);
    this.appender.change(mime, null);
    const reader = answer.body?.getReader();
    for (;;) {
      const part = await reader?.read();
      if (part === undefined || part.done || control.signal.aborted) return;
      this.appender?.push(part.value);
    }
  }

  private async nothing(answer: Response): Promise<void> {
    const problem = (await answer.json().catch(() => ({}))) as { code?: string };
    const code = problem.code ?? `http_${answer.status}`;
    this.trouble = code === "recording.nothing_there" ? null : { code, text: "" };
  }

  private open(mime: string): Appender {
    const at = this.video.currentTime;
    const source = new MediaSource();
    this.objectUrl = URL.createObjectURL(source);
    const appender = new Appender(source, mime);
    appender.onfail = () => this.recover();
    this.video.src = this.objectUrl;
    this.video.currentTime = at;
    return appender;
  }

  /** After a decoder or buffer failed: everything anew at the same moment. */
  private recover(): void {
    const wall = this.wallMs;
    this.abort();
    this.release();
    this.cursor = null;
    this.restUntil = performance.now() + 500;
    this.jump(wall);
  }

  private rebase(wallMs: number): void {
    this.abort();
    this.release();
    this.cursor = null;
    this.baseMs = wallMs - 24 * 3_600_000;
  }

  private abort(): void {
    this.fetching?.abort();
    this.fetching = null;
  }

  private release(): void {
    this.appender?.close();
    this.appender = null;
    if (this.objectUrl !== "") URL.revokeObjectURL(this.objectUrl);
    this.objectUrl = "";
    this.video.removeAttribute("src");
    this.video.load();
  }

  /** Follows the time between frames; fast replay and stepping leave frames out and tell nothing of it. */
  private measure(gap: number): void {
    if (this.mode !== "all" || this.video.paused || this.video.playbackRate > 1.3) return;
    this.frameS = gap < this.frameS ? gap : this.frameS * 0.95 + gap * 0.05;
  }

  private watchFrames(): void {
    this.frameHandle = this.video.requestVideoFrameCallback((_now, frame) => {
      const gap = frame.mediaTime - this.lastMedia;
      if (gap > 0.005 && gap < 0.5) this.measure(gap);
      this.lastMedia = frame.mediaTime;
      this.shownMs = this.baseMs + frame.mediaTime * 1000;
      this.watchFrames();
    });
  }
}
