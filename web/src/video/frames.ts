/**
 * Watches what an element really shows: the capture time of the last decoded frame, and for how
 * long the picture has been equal. It needs no message from the server to see a picture die.
 */
import { StillWatch } from "./tile";

/** Reads the capture time (UTC milliseconds) of a decoded frame; null when it is not known. */
export type WallOf = (mediaTimeS: number) => number | null;

const SAMPLE_WIDTH = 32;
const SAMPLE_HEIGHT = 18;
const SAMPLE_EVERY_MS = 1000;

/** The watch over one element. Call `close` to let go of it. */
export class FrameWatch {
  /** Capture time of the frame on screen. */
  wallMs: number | null = null;
  /** Seconds for which frames have come and all looked the same. */
  equalS = 0;
  /** Frames decoded since the start. */
  frames = 0;
  /** Measured time between frames, for stepping, in seconds. */
  frameS = 0;
  private lastMedia = -1;
  private sampledAt = 0;
  private handle = 0;
  private readonly still = new StillWatch();
  private readonly canvas: CanvasRenderingContext2D | null;

  constructor(
    private readonly video: HTMLVideoElement,
    private readonly wallOf: WallOf,
    private readonly now: () => number,
    private readonly onfirst: () => void = () => undefined,
  ) {
    const canvas = document.createElement("canvas");
    canvas.width = SAMPLE_WIDTH;
    canvas.height = SAMPLE_HEIGHT;
    this.canvas = canvas.getContext("2d", { willReadFrequently: true });
    this.next();
  }

  close(): void {
    this.video.cancelVideoFrameCallback(this.handle);
  }

  /** Forgets the picture, for a new stream. */
  reset(): void {
    this.wallMs = null;
    this.equalS = 0;
    this.lastMedia = -1;
    this.still.reset();
  }

  private next(): void {
    this.handle = this.video.requestVideoFrameCallback((_now, frame) => {
      this.see(frame);
      this.next();
    });
  }

  private see(frame: VideoFrameCallbackMetadata): void {
    const first = this.wallMs === null;
    const gap = frame.mediaTime - this.lastMedia;
    if (this.lastMedia >= 0 && gap > 0.005 && gap < 1) this.frameS = this.frameS === 0 ? gap : this.frameS * 0.9 + gap * 0.1;
    this.lastMedia = frame.mediaTime;
    this.frames += 1;
    this.wallMs = this.wallOf(frame.mediaTime) ?? this.fromNetwork(frame);
    const now = performance.now();
    if (now - this.sampledAt >= SAMPLE_EVERY_MS) this.sample(now);
    if (first) this.onfirst();
  }

  /** A WebRTC frame: its capture time mapped by RTCP when the sender tells it, else its arrival. */
  private fromNetwork(frame: VideoFrameCallbackMetadata): number {
    const at = frame.captureTime ?? frame.receiveTime;
    return at === undefined ? this.now() : this.now() - (performance.now() - at);
  }

  private sample(now: number): void {
    this.sampledAt = now;
    if (this.canvas === null) return;
    this.canvas.drawImage(this.video, 0, 0, SAMPLE_WIDTH, SAMPLE_HEIGHT);
    const { data } = this.canvas.getImageData(0, 0, SAMPLE_WIDTH, SAMPLE_HEIGHT);
    this.equalS = this.still.sample(data, now / 1000);
  }
}
