/** The agent's own line: their leg, whether it is muted, and how loud both sides are. */
import { api, sentence } from "$lib/api";
import { registerKeys } from "$lib/keys";
import { untrack } from "svelte";
import { answerHere, calls, whenTaking, isHeard } from "./calls.svelte";
import { AgentLeg, type LegState } from "./leg";
import type { MicrophoneProblem } from "./microphone";
import { overHttp } from "./signalling";
import { speaks } from "./turns";

const LOOK_MS = 100;
/** So long the list may take to say that a call that was taken is mine. */
const LISTED_MS = 5_000;

class Line {
  state = $state<LegState>("off");
  microphone = $state<MicrophoneProblem | null>(null);
  failure = $state<string | null>(null);
  isBlocked = $state(false);
  isMuted = $state(false);
  levels = $state.raw({ microphone: 0, caller: 0 });
  #leg: AgentLeg | null = null;
  /** Since when the leg is open (as `performance.now` counts); endless while it is not. */
  #openSince = Infinity;
  #look: ReturnType<typeof setInterval> | undefined;

  /** Signs in: asks for the microphone and opens the leg. */
  async start(): Promise<void> {
    if (this.#leg !== null) return;
    const audio = new Audio();
    audio.autoplay = true;
    this.failure = null;
    this.#leg = new AgentLeg(audio, overHttp("/api/calls/leg"), {
      state: (state) => {
        const wasOpen = this.#isOpen;
        this.state = state;
        if (!this.#isOpen) this.#openSince = Infinity;
        else if (!wasOpen) this.#openSince = performance.now();
        if (state === "ready" || state === "talking") this.failure = null;
        calls.again();
      },
      microphone: (problem) => (this.microphone = problem),
      failed: (failed) => (this.failure = sentence(failed)),
      blocked: () => (this.isBlocked = true),
    });
    this.#look = setInterval(() => (this.levels = this.#leg?.levels() ?? { microphone: 0, caller: 0 }), LOOK_MS);
    this.#keep();
    await this.#leg.start();
  }

  /** Whoever is signed in hears of calls and answers by F1 on every page of the product. */
  #keep(): void {
    const answer = (event: KeyboardEvent): void => {
      if (!event.repeat) void answerHere();
    };
    const follow = $effect.root(() => {
      // Sound goes out as long as a call of mine, or one that I speak into, lasts.
      const isSpeaking = $derived(speaks(calls.all, calls.own));
      $effect(() => {
        const on = isSpeaking;
        untrack(() => this.follow(on));
      });
      // An edge that began anew does not know this line: it is opened again before the browser finds out.
      $effect(() => {
        const { askedAt, me, problem } = calls;
        if (me === null && isHeard(problem)) untrack(() => this.missed(askedAt));
      });
    });
    // The edge takes an agent who says nothing for gone: it must not wait until the list was read.
    const asListed = (): void => this.follow(speaks(calls.all, calls.own));
    whenTaking.failed = asListed;
    whenTaking.begin = () => {
      this.follow(true);
      // A call that ended before it was ever listed as mine must not leave the microphone open; a list
      // that could not be read since says nothing of it.
      const takenAt = performance.now();
      const look = (): void => {
        if (calls.askedAt > takenAt) asListed();
        else if (this.#leg !== null) setTimeout(look, LISTED_MS);
      };
      setTimeout(look, LISTED_MS);
    };
    this.#stops = [follow, calls.watch(), registerKeys("calls.keys", [{ keys: "F1", label: "calls.answer", run: answer, over: true }])];
  }

  /** Signs out. */
  stop(): void {
    for (const stop of this.#stops.splice(0)) stop();
    clearInterval(this.#look);
    this.#leg?.stop();
    this.#leg = null;
    this.#isInCall = false;
    this.levels = { microphone: 0, caller: 0 };
    calls.again();
  }

  #stops: (() => void)[] = [];
  #isInCall = false;

  get #isOpen(): boolean {
    return this.state === "ready" || this.state === "talking";
  }

  /** The edge was asked at that time and did not know us: another process took over from the one that did. */
  missed(askedAt: number): void {
    if (askedAt > this.#openSince) void this.#leg?.reopen();
  }

  /** A call is on this line from now on, or no more. */
  follow(isInCall: boolean): void {
    if (isInCall === this.#isInCall) return;
    this.#isInCall = isInCall;
    this.isMuted = false;
    if (isInCall) this.#leg?.begin();
    else this.#leg?.rest();
  }

  mute(on: boolean): void {
    this.isMuted = on;
    this.#leg?.setMuted(on);
  }

  async unblock(): Promise<void> {
    await this.#leg?.unblock();
    this.isBlocked = false;
  }

  async setReady(ready: boolean): Promise<void> {
    await api.put("/api/calls/ready", { ready });
    await calls.refetch();
  }
}

export const line = new Line();
