/**
 * Plays a live camera, its picture or its sound, from fragmented MP4 over a WebSocket.
 *
 * The media timeline of the element belongs to this player: each new stream of the server (after
 * a reconnect, or when the camera changes its picture format) is laid behind the last one by its
 * wall clock, so that time never runs backwards and every frame keeps its capture time.
 */
import { Appender } from "./appender";
import { LiveEdge, PICTURE, type Nearness, type Span } from "./edge";
import { Retry } from "./retry";

/** The state the server tells about a camera. */
export interface ToldState {
  readonly state: "live" | "late" | "offline" | "unknown";
  readonly reason?: string | null;
  readonly since_ms?: number | null;
  readonly fps?: number | null;
  readonly kbit_s?: number | null;
  readonly clock_offset_ms?: number | null;
  readonly clock_uncertainty_ms?: number | null;
}

/** The stream that is playing. */
export interface StreamFacts {
  readonly codec: string;
  readonly role: string;
  readonly width: number;
  readonly height: number;
  /** Type of the sound that can be had beside it; null where the camera sends none. */
  readonly sound?: string | null;
}

/** What the owner of a player is told. */
export interface PlayerEvents {
  stream?(facts: StreamFacts): void;
  state?(state: ToldState): void;
  /** The link came up (true) or broke (false; a new try is under way). */
  link?(up: boolean): void;
  refused?(code: string, message: string): void;
  unplayable?(codec: string): void;
  /** The browser plays no sound before somebody has clicked or pressed a key. */
  blocked?(): void;
  clock?(offsetMs: number | null, uncertaintyMs: number | null): void;
  /** The picture is about to be cleared; the last moment to keep it. */
  clearing?(): void;
}

/** A player of one live camera, whatever carries the pictures. */
export interface LivePlayer {
  start(): void;
  stop(): void;
  /** Capture time (UTC milliseconds) of the frame at a media time, when it is known. */
  wallOf(mediaTimeS: number): number | null;
}

interface Stretch {
  readonly from: number;
  readonly offset: number;
  epoch: number;
}

type Message =
  | ({ type: "init"; epoch_ms: number } & StreamFacts)
  | ({ type: "state" } & ToldState)
  | { type: "jump" }
  | { type: "clock"; epoch_ms: number; offset_ms?: number | null; uncertainty_ms?: number | null }
  | { type: "refused"; code: string; message: string };

/** No byte for so long on an open link means that the link is dead. */
const SILENCE_MS = 12_000;
/** A jump may run dry for so long without counting as a stall. */
const SETTLE_MS = 1500;
const QUEUE_MOST_BYTES = 6_000_000;
const REFUSED_RETRY_MS = 30_000;
const UNPLAYABLE_RETRY_MS = 60_000;

/** Live player over MSE, of picture or sound; one WebSocket while started, nothing at all while stopped. */
export class MsePlayer implements LivePlayer {
  private socket: WebSocket | null = null;
  private appender: Appender | null = null;
  private objectUrl = "";
  private readonly edge: LiveEdge;
  private readonly retry = new Retry();
  private stretches: Stretch[] = [];
  private pulse = 0;
  private heardAt = 0;
  private started = false;
  private role: "auto" | "sub" = "auto";
  /** Running dry while a jump settles or a stream begins says nothing about the link. */
  private readonly onWaiting = (): void => {
    const nowMs = performance.now();
    if (!this.video.seeking && nowMs - this.jumpedAt > SETTLE_MS) this.edge.stalled(nowMs / 1000);
  };
  private jumpedAt = 0;

  constructor(
    private readonly video: HTMLVideoElement,
    private readonly url: (role: string) => string,
    private readonly events: PlayerEvents,
    near: Nearness = PICTURE,
  ) {
    this.edge = new LiveEdge(near);
  }

  start(): void {
    if (this.started) return;
    this.started = true;
    this.video.addEventListener("waiting", this.onWaiting);
    this.pulse = window.setInterval(() => this.beat(), 200);
    this.connect();
  }

  stop(): void {
    if (!this.started) return;
    this.started = false;
    this.retry.stop();
    window.clearInterval(this.pulse);
    this.video.removeEventListener("waiting", this.onWaiting);
    this.hangUp();
    this.release();
  }

  wallOf(mediaTimeS: number): number | null {
    for (let i = this.stretches.length - 1; i >= 0; i -= 1) {
      const stretch = this.stretches[i]!;
      if (mediaTimeS >= stretch.from - 0.0005 || i === 0) return stretch.epoch + (mediaTimeS - stretch.offset) * 1000;
    }
    return null;
  }

  private connect(): void {
    this.hangUp();
    const socket = new WebSocket(this.url(this.role));
    socket.binaryType = "arraybuffer";
    this.socket = socket;
    this.heardAt = performance.now();
    socket.onmessage = (event: MessageEvent<string | ArrayBuffer>) => {
      this.heardAt = performance.now();
      if (typeof event.data === "string") this.hear(JSON.parse(event.data) as Message);
      else this.take(event.data);
    };
    socket.onclose = () => {
      if (this.socket === socket) this.again();
    };
  }

  private again(waitMs?: number): void {
    this.hangUp();
    this.events.link?.(false);
    if (this.started) this.retry.again(() => this.connect(), waitMs);
  }

  private hangUp(): void {
    const socket = this.socket;
    this.socket = null;
    if (socket === null) return;
    socket.onmessage = null;
    socket.onclose = null;
    socket.close();
  }

  private hear(message: Message): void {
    switch (message.type) {
      case "init":
        return this.begin(message);
      case "state":
        return this.events.state?.(message);
      case "clock":
        return this.setClock(message);
      case "refused":
        return this.refuse(message.code, message.message);
      case "jump":
        return;
    }
  }

  private begin(init: { epoch_ms: number } & StreamFacts): void {
    const mime = mimeOf(init.codec);
    if (!MediaSource.isTypeSupported(mime)) return this.cannotPlay(init.codec, init.role);
    this.appender ??= this.open(mime);
    const base = this.stretches[0]?.epoch ?? init.epoch_ms;
    const offset = this.stretches.length === 0 ? 0 : Math.max(this.endOfBuffer(), (init.epoch_ms - base) / 1000);
    this.stretches.push({ from: offset, offset, epoch: init.epoch_ms });
    if (this.stretches.length > 4) this.stretches.splice(1, 1);
    this.appender.change(mime, offset);
    this.events.stream?.(init);
  }

  private open(mime: string): Appender {
    const source = new MediaSource();
    this.objectUrl = URL.createObjectURL(source);
    const appender = new Appender(source, mime, () => this.keepToEdge());
    appender.onfail = () => this.restart();
    this.video.src = this.objectUrl;
    return appender;
  }

  private take(data: ArrayBuffer): void {
    if (this.appender === null) return;
    if (this.retry.isTrying || !this.linkTold) this.linkUp();
    this.appender.push(data);
    if (this.appender.queuedBytes > QUEUE_MOST_BYTES) this.restart();
  }

  private linkTold = false;

  private linkUp(): void {
    this.retry.succeed();
    this.linkTold = true;
    this.events.link?.(true);
  }

  private setClock(message: { epoch_ms: number; offset_ms?: number | null; uncertainty_ms?: number | null }): void {
    const last = this.stretches[this.stretches.length - 1];
    if (last !== undefined) last.epoch = message.epoch_ms;
    this.events.clock?.(message.offset_ms ?? null, message.uncertainty_ms ?? null);
  }

  private refuse(code: string, text: string): void {
    this.events.refused?.(code, text);
    this.again(REFUSED_RETRY_MS);
  }

  private cannotPlay(codec: string, role: string): void {
    this.hangUp();
    if (role !== "sub" && this.role !== "sub") {
      this.role = "sub";
      return this.connect();
    }
    this.events.unplayable?.(codec);
    this.again(UNPLAYABLE_RETRY_MS);
  }

  /** Throws everything away and connects anew: the one cure for a decoder or buffer that failed. */
  private restart(): void {
    if (!this.started) return;
    this.release();
    this.again();
  }

  private release(): void {
    this.appender?.close();
    this.appender = null;
    this.stretches = [];
    this.linkTold = false;
    if (this.objectUrl !== "") {
      this.events.clearing?.();
      URL.revokeObjectURL(this.objectUrl);
      this.objectUrl = "";
      this.video.removeAttribute("src");
      this.video.load();
    }
  }

  private beat(): void {
    if (this.video.error !== null && this.appender !== null) return this.restart();
    if (this.socket !== null && performance.now() - this.heardAt > SILENCE_MS) return this.again();
    this.keepToEdge();
  }

  private keepToEdge(): void {
    const spans = spansOf(this.video.buffered);
    const step = this.edge.step(spans, this.video.currentTime, performance.now() / 1000);
    if (step.seekTo !== null && !this.video.seeking) {
      this.jumpedAt = performance.now();
      this.video.currentTime = step.seekTo;
    }
    if (this.video.playbackRate !== step.rate) this.video.playbackRate = step.rate;
    if (step.dropBefore !== null) this.appender?.drop(step.dropBefore);
    if (this.video.paused && spans.length > 0) void this.video.play().catch((error: unknown) => this.notPlayed(error));
  }

  private notPlayed(error: unknown): void {
    if (this.started && error instanceof DOMException && error.name === "NotAllowedError") this.events.blocked?.();
  }

  private endOfBuffer(): number {
    const { buffered } = this.video;
    return buffered.length === 0 ? 0 : buffered.end(buffered.length - 1);
  }
}

/** The full type of a codec that may come bare. */
export function mimeOf(codec: string): string {
  return codec.includes("/") ? codec : `video/mp4; codecs="${codec}"`;
}

/** The buffered spans as plain objects. */
export function spansOf(ranges: TimeRanges): Span[] {
  return Array.from({ length: ranges.length }, (_, i) => ({ start: ranges.start(i), end: ranges.end(i) }));
}
