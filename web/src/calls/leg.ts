/**
 * The browser's half of an agent's leg: opened at sign-in and kept, so that taking a call costs
 * nothing. Between calls nothing is sent (`replaceTrack(null)`); in a call sound is sent all the
 * time, muted too, because a second of nothing means to the server that this browser is gone.
 */
import { Retry } from "../video/retry";
import { gathered } from "../video/whep";
import { Meter } from "./level";
import { openMicrophone, problemOf, type MicrophoneProblem } from "./microphone";

const GATHERING_MS = 800;
const WAITS_FOR_LINK_MS = 4000;

/**
 * `off`: not started. `opening`: the first connection. `ready`: kept and silent. `talking`: in a
 * call. `lost`: the connection broke and is being made anew.
 */
export type LegState = "off" | "opening" | "ready" | "talking" | "lost";

export interface LegEvents {
  state?(state: LegState): void;
  /** There is no microphone, or (`null`) there is one again. */
  microphone?(problem: MicrophoneProblem | null): void;
  /** The server refused or was not reached; it is asked again. */
  failed?(failure: unknown): void;
  /** The browser plays nothing before a click: call `unblock` from one. */
  blocked?(): void;
}

/** What the server answers to an offer. */
export interface LegAnswer {
  readonly sdp: string;
  /** Tells the server that this connection is over. */
  close(): void;
}

/** Brings an offer (SDP) to the server. */
export type Exchange = (offer: string) => Promise<LegAnswer>;

export class AgentLeg {
  private peer: RTCPeerConnection | null = null;
  private sender: RTCRtpSender | null = null;
  private answer: LegAnswer | null = null;
  private microphone: MediaStream | null = null;
  private context: AudioContext | null = null;
  private ears: Meter | null = null;
  private mouth: Meter | null = null;
  private readonly retry = new Retry();
  private linkTimer = 0;
  private current: LegState = "off";
  private deviceId = "";
  private inCall = false;
  private muted = false;

  constructor(
    private readonly audio: HTMLAudioElement,
    private readonly exchange: Exchange,
    private readonly events: LegEvents = {},
  ) {}

  get state(): LegState {
    return this.current;
  }

  get isMuted(): boolean {
    return this.muted;
  }

  /** Asks for the microphone and opens the leg; `deviceId` "" is the system's own. */
  async start(deviceId = ""): Promise<void> {
    if (this.current !== "off") return;
    this.deviceId = deviceId;
    this.enter("opening");
    this.context = new AudioContext();
    await this.takeMicrophone();
    if (this.isOff()) return this.dropMicrophone();
    await this.connect();
  }

  /** Connects anew at once. */
  async reopen(): Promise<void> {
    if (this.isOff()) return;
    this.retry.stop();
    this.letGo();
    this.enter("lost");
    await this.connect();
  }

  /** Closes the leg and lets go of the microphone. */
  stop(): void {
    this.retry.stop();
    this.inCall = false;
    this.hangUp();
    this.dropMicrophone();
    void this.context?.close().catch(() => undefined);
    this.context = null;
    this.enter("off");
  }

  /** A call is on this leg from now on. */
  begin(): void {
    this.inCall = true;
    this.setMuted(false);
    this.settle();
  }

  /** The call is over: nothing is sent until the next. */
  rest(): void {
    this.inCall = false;
    this.settle();
  }

  /** Silence goes out in the place of the voice. */
  setMuted(muted: boolean): void {
    this.muted = muted;
    for (const track of this.microphone?.getAudioTracks() ?? []) track.enabled = !muted;
  }

  /** Takes another microphone, in the middle of a call as well. */
  async useMicrophone(deviceId: string): Promise<void> {
    this.deviceId = deviceId;
    if (this.isOff()) return;
    await this.takeMicrophone();
    if (this.isOff()) return this.dropMicrophone();
    this.settle();
  }

  /** Plays through another loudspeaker, where the browser can choose one. */
  async useSpeaker(deviceId: string): Promise<void> {
    if ("setSinkId" in this.audio) await this.audio.setSinkId(deviceId);
  }

  /** Sends a key to the caller's side, as a telephone would. */
  pressKey(key: string): void {
    this.sender?.dtmf?.insertDTMF(key, 100, 60);
  }

  /** How loud both sides are now, as bars from 0 to 1. */
  levels(): { microphone: number; caller: number } {
    const speaks = this.inCall && !this.muted;
    return { microphone: speaks ? (this.mouth?.read() ?? 0) : 0, caller: this.ears?.read() ?? 0 };
  }

  /** Plays after all, called from a click. */
  async unblock(): Promise<void> {
    await this.context?.resume();
    await this.audio.play();
  }

  private isOff(): boolean {
    return this.current === "off";
  }

  private enter(state: LegState): void {
    if (this.current === state) return;
    this.current = state;
    this.events.state?.(state);
  }

  private async takeMicrophone(): Promise<void> {
    try {
      const stream = await openMicrophone(this.deviceId);
      this.dropMicrophone();
      this.microphone = stream;
    } catch (failed) {
      this.events.microphone?.(problemOf(failed));
      return;
    }
    for (const track of this.microphone.getAudioTracks()) {
      track.enabled = !this.muted;
      // A headset that was pulled out: whatever there is takes its place.
      track.onended = () => void this.useMicrophone(this.deviceId);
    }
    if (this.context !== null) this.mouth = new Meter(this.context, this.microphone);
    this.events.microphone?.(null);
  }

  private dropMicrophone(): void {
    this.mouth?.stop();
    this.mouth = null;
    for (const track of this.microphone?.getTracks() ?? []) {
      track.onended = null;
      track.stop();
    }
    this.microphone = null;
  }

  private async connect(): Promise<void> {
    this.hangUp();
    const peer = new RTCPeerConnection();
    this.peer = peer;
    this.sender = peer.addTransceiver("audio", { direction: "sendrecv" }).sender;
    peer.ontrack = (event) => this.play(event.track);
    peer.onconnectionstatechange = () => this.watch(peer);
    try {
      await this.negotiate(peer);
    } catch (failure) {
      if (this.peer !== peer) return;
      this.events.failed?.(failure);
      this.again();
    }
  }

  private async negotiate(peer: RTCPeerConnection): Promise<void> {
    await peer.setLocalDescription(await peer.createOffer());
    await gathered(peer, GATHERING_MS);
    const answer = await this.exchange(peer.localDescription?.sdp ?? "");
    if (this.peer !== peer) {
      if (this.isOff()) answer.close();
      return;
    }
    this.answer = answer;
    this.linkTimer = window.setTimeout(() => this.again(), WAITS_FOR_LINK_MS);
    await peer.setRemoteDescription({ type: "answer", sdp: answer.sdp });
  }

  private play(track: MediaStreamTrack): void {
    const stream = new MediaStream([track]);
    this.audio.srcObject = stream;
    this.ears?.stop();
    this.ears = this.context === null ? null : new Meter(this.context, stream);
    void this.audio.play().catch(() => this.events.blocked?.());
  }

  private watch(peer: RTCPeerConnection): void {
    if (this.peer !== peer) return;
    if (peer.connectionState === "connected") {
      window.clearTimeout(this.linkTimer);
      this.retry.succeed();
      this.settle();
    } else if (peer.connectionState === "failed" || peer.connectionState === "disconnected") {
      this.again();
    }
  }

  /** Sends, or does not, as the call wants it. */
  private settle(): void {
    if (this.peer?.connectionState !== "connected") return;
    const track = this.inCall ? (this.microphone?.getAudioTracks()[0] ?? null) : null;
    void this.sender?.replaceTrack(track).catch((failure: unknown) => this.events.failed?.(failure));
    this.enter(this.inCall ? "talking" : "ready");
  }

  private again(): void {
    this.letGo();
    if (this.isOff()) return;
    this.enter("lost");
    this.retry.again(() => void this.connect());
  }

  /** Nobody is told that this end is gone: closing signs the agent out, and the next offer takes its place. */
  private letGo(): void {
    if (!this.isOff()) this.answer = null;
    this.hangUp();
  }

  private hangUp(): void {
    const { peer, answer } = this;
    window.clearTimeout(this.linkTimer);
    this.peer = this.sender = this.answer = null;
    this.ears?.stop();
    this.ears = null;
    if (peer !== null) {
      peer.ontrack = null;
      peer.onconnectionstatechange = null;
      peer.close();
    }
    answer?.close();
    this.audio.srcObject = null;
  }
}
