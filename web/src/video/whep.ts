/** Plays a live camera over WebRTC, asked for by WHEP (draft-ietf-wish-whep): the low-latency way. */
import type { LivePlayer, PlayerEvents } from "./mse";
import { Retry } from "./retry";

const REFUSED_RETRY_MS = 30_000;
const UNPLAYABLE_RETRY_MS = 60_000;

/** A refusal that carries the server's code. */
class Refused extends Error {
  constructor(
    readonly status: number,
    readonly code: string,
    readonly codec: string,
    message: string,
  ) {
    super(message);
  }
}

/** Live WebRTC player; one peer connection while started, nothing while stopped. */
export class WhepPlayer implements LivePlayer {
  private peer: RTCPeerConnection | null = null;
  private session: string | null = null;
  private sound: string | null = null;
  private readonly retry = new Retry();
  private started = false;

  constructor(
    private readonly video: HTMLVideoElement,
    private readonly url: string,
    private readonly events: PlayerEvents,
  ) {}

  start(): void {
    if (this.started) return;
    this.started = true;
    void this.connect();
  }

  stop(): void {
    this.started = false;
    this.retry.stop();
    this.hangUp();
  }

  /** WebRTC gives no media timeline of the camera; the frame's own metadata is read instead. */
  wallOf(): null {
    return null;
  }

  private async connect(): Promise<void> {
    this.hangUp();
    const peer = new RTCPeerConnection();
    this.peer = peer;
    peer.addTransceiver("video", { direction: "recvonly" });
    peer.ontrack = (event) => this.show(event);
    peer.onconnectionstatechange = () => this.watch(peer);
    try {
      await this.negotiate(peer);
    } catch (error) {
      if (this.peer !== peer || !this.started) return;
      this.again(error instanceof Refused ? this.refuse(error) : undefined);
    }
  }

  /** Tells why there is no picture; says when to ask again. */
  private refuse(error: Refused): number | undefined {
    if (error.code === "live.codec_not_playable") {
      this.events.unplayable?.(error.codec);
      return UNPLAYABLE_RETRY_MS;
    }
    if (![401, 403, 404, 429].includes(error.status)) return undefined;
    this.events.refused?.(error.code, error.message);
    return REFUSED_RETRY_MS;
  }

  private async negotiate(peer: RTCPeerConnection): Promise<void> {
    await peer.setLocalDescription(await peer.createOffer());
    await gathered(peer, 800);
    const answer = await fetch(this.url, {
      method: "POST",
      headers: { "Content-Type": "application/sdp", "X-Warroom": "1" },
      body: peer.localDescription?.sdp ?? "",
    });
    if (!answer.ok) throw await refusalOf(answer);
    const location = answer.headers.get("Location");
    if (this.peer !== peer || !this.started) {
      if (location !== null) bye(location);
      return;
    }
    this.session = location;
    this.sound = answer.headers.get("X-Sound") || null;
    await peer.setRemoteDescription({ type: "answer", sdp: await answer.text() });
  }

  private show(event: RTCTrackEvent): void {
    const receiver = event.receiver as RTCRtpReceiver & { playoutDelayHint?: number; jitterBufferTarget?: number | null };
    receiver.playoutDelayHint = 0;
    receiver.jitterBufferTarget = 0;
    this.video.srcObject = new MediaStream([event.track]);
    void this.video.play().catch(() => undefined);
    const { width = 0, height = 0 } = event.track.getSettings();
    this.events.stream?.({ codec: "WebRTC H.264", role: "auto", width, height, sound: this.sound });
  }

  private watch(peer: RTCPeerConnection): void {
    if (this.peer !== peer) return;
    if (peer.connectionState === "connected") {
      this.retry.succeed();
      this.events.link?.(true);
    } else if (peer.connectionState === "failed" || peer.connectionState === "disconnected") {
      this.again();
    }
  }

  private again(waitMs?: number): void {
    this.events.link?.(false);
    this.hangUp();
    if (this.started) this.retry.again(() => void this.connect(), waitMs);
  }

  private hangUp(): void {
    const { peer, session } = this;
    this.peer = null;
    this.session = null;
    if (peer !== null) {
      peer.ontrack = null;
      peer.onconnectionstatechange = null;
      peer.close();
    }
    if (session !== null) bye(session);
    if (this.video.srcObject === null) return;
    this.events.clearing?.();
    this.video.srcObject = null;
  }
}

async function refusalOf(answer: Response): Promise<Refused> {
  const told = (await answer.json().catch(() => ({}))) as { code?: string; message?: string; params?: { codec?: string } };
  return new Refused(answer.status, told.code ?? `http_${answer.status}`, told.params?.codec ?? "", told.message ?? "");
}

function bye(session: string): void {
  void fetch(session, { method: "DELETE", headers: { "X-Warroom": "1" }, keepalive: true }).catch(() => undefined);
}

/** Waits until all addresses are known, but not longer than `mostMs`: the answer takes no later ones. */
export function gathered(peer: RTCPeerConnection, mostMs: number): Promise<void> {
  if (peer.iceGatheringState === "complete") return Promise.resolve();
  return new Promise((done) => {
    const timer = window.setTimeout(done, mostMs);
    peer.addEventListener("icegatheringstatechange", () => {
      if (peer.iceGatheringState !== "complete") return;
      window.clearTimeout(timer);
      done();
    });
  });
}
