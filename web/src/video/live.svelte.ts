/** One live picture: chooses the player, watches the frames, pauses out of sight, and lets go of everything. */
import { FrameWatch } from "./frames";
import { MsePlayer, type LivePlayer, type PlayerEvents, type StreamFacts, type ToldState } from "./mse";
import { WhepPlayer } from "./whep";

/** How the picture travels. */
export type Transport = "mse" | "webrtc";

/** A tile out of sight keeps its stream this long: scrolling past must not reconnect. */
const GRACE_MS = 1500;
/** The stored picture is asked for only when the stream takes longer than this. */
const SNAPSHOT_AFTER_MS = 350;

/** Refusals that end by themselves: somebody or something has as many pictures open as it may. */
const LIMITS = new Set(["too_many_open", "too_many_from_address", "live.too_many_viewers"]);

/** Where the media of a camera is found, and what time it is. */
export interface LiveHost {
  socketUrl(role: string): string;
  readonly whepUrl: string;
  readonly snapshotUrl: string;
  now(): number;
}

/** Reactive state of one live picture. */
export class LivePicture {
  told: ToldState | null = $state.raw(null);
  stream: StreamFacts | null = $state.raw(null);
  refused = $state(false);
  /** Why one more picture is refused (the server's sentence); null where a right is missing. */
  limit: string | null = $state(null);
  unplayable: string | null = $state(null);
  linkUp = $state(false);
  running = $state(false);
  snapshot: { url: string; at: number } | null = $state.raw(null);
  clock: { offsetMs: number | null; uncertaintyMs: number | null } | null = $state.raw(null);
  /** Type of the sound that the camera sends beside this picture; null where it sends none. */
  readonly sound = $derived(this.stream?.sound ?? null);
  private readonly frames: FrameWatch;
  private readonly player: LivePlayer;
  private readonly cleanup: (() => void)[] = [];
  private timer = 0;
  private snapshotTimer = 0;
  private onScreen = true;
  private closed = false;

  constructor(
    private readonly video: HTMLVideoElement,
    private readonly still: HTMLCanvasElement,
    private readonly host: LiveHost,
    transport: Transport,
  ) {
    const events = this.events();
    this.player =
      transport === "webrtc" ? new WhepPlayer(video, host.whepUrl, events) : new MsePlayer(video, (role) => host.socketUrl(role), events);
    this.frames = new FrameWatch(video, (media) => this.player.wallOf(media), () => host.now(), () => this.firstFrame());
    this.watchSight();
    this.settle(0);
  }

  /** Capture time of the frame on screen (UTC milliseconds), or null. Read it at a beat. */
  get frameAt(): number | null {
    return this.frames.wallMs;
  }

  /** Seconds for which the frames have looked the same. */
  get equalS(): number {
    return this.frames.equalS;
  }

  /** Frames decoded so far. */
  get count(): number {
    return this.frames.frames;
  }

  /** Ends everything; the object is of no use afterwards. */
  close(): void {
    this.closed = true;
    window.clearTimeout(this.timer);
    window.clearTimeout(this.snapshotTimer);
    for (const undo of this.cleanup) undo();
    this.player.stop();
    this.frames.close();
    this.dropSnapshot();
  }

  private events(): PlayerEvents {
    return {
      state: (state) => (this.told = state),
      stream: (facts) => {
        this.stream = facts;
        this.unplayable = null;
        this.refused = false;
        this.limit = null;
      },
      link: (up) => (this.linkUp = up),
      refused: (code, message) => {
        this.refused = true;
        this.limit = LIMITS.has(code) ? message : null;
      },
      unplayable: (codec) => (this.unplayable = codec),
      clock: (offsetMs, uncertaintyMs) => (this.clock = { offsetMs, uncertaintyMs }),
      clearing: () => this.keepStill(),
    };
  }

  /** Keeps the last frame as a still, so that a tile never flashes black. */
  private keepStill(): void {
    const { videoWidth, videoHeight } = this.video;
    if (videoWidth === 0 || this.frames.wallMs === null) return;
    this.still.width = videoWidth;
    this.still.height = videoHeight;
    this.still.getContext("2d")?.drawImage(this.video, 0, 0);
    this.still.hidden = false;
  }

  private firstFrame(): void {
    this.still.hidden = true;
    this.dropSnapshot();
  }

  private watchSight(): void {
    const observer = new IntersectionObserver((entries) => {
      this.onScreen = entries[entries.length - 1]?.isIntersecting ?? true;
      this.settle(GRACE_MS);
    });
    observer.observe(this.video);
    const onvisibility = (): void => this.settle(GRACE_MS);
    document.addEventListener("visibilitychange", onvisibility);
    const onplaying = (): void => {
      if (!this.still.hidden) this.video.requestVideoFrameCallback(() => (this.still.hidden = true));
    };
    this.video.addEventListener("playing", onplaying);
    this.cleanup.push(
      () => observer.disconnect(),
      () => document.removeEventListener("visibilitychange", onvisibility),
      () => this.video.removeEventListener("playing", onplaying),
    );
  }

  private settle(graceMs: number): void {
    window.clearTimeout(this.timer);
    const wanted = this.onScreen && document.visibilityState === "visible";
    if (wanted === this.running || this.closed) return;
    if (wanted) this.run();
    else this.timer = window.setTimeout(() => this.rest(), graceMs);
  }

  private run(): void {
    this.running = true;
    this.player.start();
    this.snapshotTimer = window.setTimeout(() => void this.loadSnapshot(), SNAPSHOT_AFTER_MS);
  }

  private rest(): void {
    this.running = false;
    window.clearTimeout(this.snapshotTimer);
    this.player.stop();
  }

  private async loadSnapshot(): Promise<void> {
    if (this.frames.wallMs !== null || this.refused) return;
    const answer = await fetch(this.host.snapshotUrl).catch(() => null);
    if (answer === null || !answer.ok) {
      if (answer?.status === 404) this.refused = true;
      return;
    }
    const blob = await answer.blob();
    if (this.closed || this.frames.wallMs !== null) return;
    const at = Date.parse(answer.headers.get("X-Frame-At") ?? "");
    this.dropSnapshot();
    this.snapshot = { url: URL.createObjectURL(blob), at: Number.isNaN(at) ? 0 : at };
  }

  private dropSnapshot(): void {
    if (this.snapshot !== null) URL.revokeObjectURL(this.snapshot.url);
    this.snapshot = null;
  }
}
