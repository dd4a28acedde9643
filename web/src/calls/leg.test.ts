import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { AgentLeg, type LegEvents, type LegState } from "./leg";
import { barOf } from "./level";
import { openMicrophone, problemOf } from "./microphone";

class FakeTrack {
  enabled = true;
  stopped = false;
  onended: (() => void) | null = null;
  constructor(readonly name: string) {}
  stop(): void {
    this.stopped = true;
  }
}

class FakeStream {
  constructor(readonly tracks: FakeTrack[]) {}
  getAudioTracks(): FakeTrack[] {
    return this.tracks;
  }
  getTracks(): FakeTrack[] {
    return this.tracks;
  }
}

class FakePeer extends EventTarget {
  static all: FakePeer[] = [];
  connectionState = "new";
  iceGatheringState = "complete";
  localDescription: { sdp: string } | null = null;
  answered = "";
  closed = false;
  sent: (FakeTrack | null)[] = [];
  keys: string[] = [];
  ontrack: ((event: { track: FakeTrack }) => void) | null = null;
  onconnectionstatechange: (() => void) | null = null;
  readonly sender = {
    dtmf: { insertDTMF: (key: string) => this.keys.push(key) },
    replaceTrack: (track: FakeTrack | null) => {
      this.sent.push(track);
      return Promise.resolve();
    },
  };

  constructor() {
    super();
    FakePeer.all.push(this);
  }
  addTransceiver(): { sender: FakePeer["sender"] } {
    return { sender: this.sender };
  }
  createOffer(): Promise<object> {
    return Promise.resolve({});
  }
  setLocalDescription(): Promise<void> {
    this.localDescription = { sdp: `offer ${FakePeer.all.length}` };
    return Promise.resolve();
  }
  setRemoteDescription(answer: { sdp: string }): Promise<void> {
    this.answered = answer.sdp;
    return Promise.resolve();
  }
  close(): void {
    this.closed = true;
  }
  become(state: string): void {
    this.connectionState = state;
    this.onconnectionstatechange?.();
  }
}

class FakeNode {
  fftSize = 0;
  connect(): void {}
  disconnect(): void {}
  getFloatTimeDomainData(samples: Float32Array): void {
    samples.fill(0.1);
  }
}

class FakeContext {
  createMediaStreamSource = () => new FakeNode();
  createAnalyser = () => new FakeNode();
  close = () => Promise.resolve();
  resume = () => Promise.resolve();
}

class Named extends Error {
  constructor(name: string) {
    super(name);
    this.name = name;
  }
}

let opened: FakeTrack[];
let asked: MediaTrackConstraints[];
let microphone: () => Promise<FakeStream>;

beforeEach(() => {
  vi.useFakeTimers();
  vi.spyOn(Math, "random").mockReturnValue(1);
  FakePeer.all = [];
  opened = [];
  asked = [];
  microphone = () => {
    opened.push(new FakeTrack(`microphone ${opened.length + 1}`));
    return Promise.resolve(new FakeStream([opened.at(-1) as FakeTrack]));
  };
  vi.stubGlobal("window", Object.assign(new EventTarget(), { setTimeout, clearTimeout }));
  vi.stubGlobal("RTCPeerConnection", FakePeer);
  vi.stubGlobal("MediaStream", FakeStream);
  vi.stubGlobal("AudioContext", FakeContext);
  vi.stubGlobal("navigator", {
    mediaDevices: {
      getUserMedia: ({ audio }: { audio: MediaTrackConstraints }) => {
        asked.push(audio);
        return microphone();
      },
    },
  });
});

afterEach(() => {
  vi.useRealTimers();
  vi.unstubAllGlobals();
  vi.restoreAllMocks();
});

function makeLeg(events: LegEvents = {}) {
  const states: LegState[] = [];
  const closed: string[] = [];
  const audio = { srcObject: null as unknown, play: vi.fn(() => Promise.resolve()) };
  const exchange = vi.fn((offer: string) =>
    Promise.resolve({ sdp: `answer to ${offer}`, close: () => closed.push(offer) }),
  );
  const leg = new AgentLeg(audio as unknown as HTMLAudioElement, exchange, {
    state: (state) => states.push(state),
    ...events,
  });
  return { leg, states, closed, audio, exchange };
}

const peer = (): FakePeer => FakePeer.all.at(-1) as FakePeer;
const turn = () => vi.advanceTimersByTimeAsync(0);

describe("a leg", () => {
  it("is opened silent, with echo control, and rests until a call comes", async () => {
    const { leg, states } = makeLeg();

    await leg.start();
    peer().become("connected");

    expect(states).toEqual(["opening", "ready"]);
    expect(asked[0]).toMatchObject({ echoCancellation: true });
    expect(peer().answered).toBe("answer to offer 1");
    expect(peer().sent).toEqual([null]);
  });

  it("sends the microphone in a call and nothing after it", async () => {
    const { leg, states } = makeLeg();
    await leg.start();
    peer().become("connected");

    leg.begin();
    leg.rest();

    expect(peer().sent).toEqual([null, opened[0], null]);
    expect(states).toEqual(["opening", "ready", "talking", "ready"]);
  });

  it("goes on sending while it is muted, and the next call is not muted", async () => {
    const { leg } = makeLeg();
    await leg.start();
    peer().become("connected");
    leg.begin();

    leg.setMuted(true);

    expect(opened[0]?.enabled).toBe(false);
    expect(peer().sent.at(-1)).toBe(opened[0]);
    expect(leg.levels().microphone).toBe(0);
    leg.rest();
    leg.begin();
    expect(opened[0]?.enabled).toBe(true);
    expect(leg.levels().microphone).toBeGreaterThan(0);
  });

  it.each(["failed", "disconnected"])("is made anew when it %s, in the middle of the call", async (how) => {
    const { leg, states, closed } = makeLeg();
    await leg.start();
    peer().become("connected");
    leg.begin();
    const first = peer();

    first.become(how);
    await vi.advanceTimersByTimeAsync(500);
    peer().become("connected");

    expect(first.closed).toBe(true);
    // Closing would sign the agent out, in the middle of the call.
    expect(closed).toEqual([]);
    expect(peer()).not.toBe(first);
    expect(peer().sent).toEqual([opened[0]]);
    expect(states.slice(-2)).toEqual(["lost", "talking"]);
  });

  it("is opened again at once, without telling the process that took over to forget it", async () => {
    const { leg, states, closed } = makeLeg();
    await leg.start();
    peer().become("connected");
    leg.begin();
    const first = peer();

    await leg.reopen();
    peer().become("connected");

    expect(first.closed).toBe(true);
    expect(closed).toEqual([]);
    expect(peer()).not.toBe(first);
    expect(states.slice(-2)).toEqual(["lost", "talking"]);
    leg.stop();
    await leg.reopen();
    expect(leg.state).toBe("off");
  });

  it("asks again, later and later, while the server refuses", async () => {
    const failed = vi.fn();
    const { leg, exchange } = makeLeg({ failed });
    exchange.mockRejectedValue(new Error("away"));

    await leg.start();
    await vi.advanceTimersByTimeAsync(500);
    await vi.advanceTimersByTimeAsync(999);

    expect(exchange).toHaveBeenCalledTimes(2);
    await vi.advanceTimersByTimeAsync(1);
    expect(exchange).toHaveBeenCalledTimes(3);
    expect(failed).toHaveBeenCalledTimes(3);
    expect(leg.state).toBe("lost");
  });

  it("does not wait for ever for a link that never comes", async () => {
    const { leg, closed } = makeLeg();
    await leg.start();

    await vi.advanceTimersByTimeAsync(4000);

    expect(leg.state).toBe("lost");
    expect(closed).toEqual([]);
  });

  it("lets go of everything when it is stopped", async () => {
    const { leg, closed, audio } = makeLeg();
    await leg.start();
    peer().become("connected");
    peer().ontrack?.({ track: new FakeTrack("caller") });

    leg.stop();

    expect([leg.state, peer().closed, opened[0]?.stopped, audio.srcObject]).toEqual(["off", true, true, null]);
    expect(closed).toEqual(["offer 1"]);
  });

  it("closes an answer that comes after it was stopped", async () => {
    const { leg, closed } = makeLeg();
    const started = leg.start();
    await turn();
    leg.stop();

    await started;
    await turn();

    expect(closed.length).toBe(FakePeer.all.length);
    expect(leg.state).toBe("off");
  });

  it("can be opened without a microphone, says why, and takes one later", async () => {
    const told = vi.fn();
    const { leg } = makeLeg({ microphone: told });
    const found = microphone;
    microphone = () => Promise.reject(new Named("NotAllowedError"));

    await leg.start();
    peer().become("connected");
    leg.begin();
    microphone = found;
    await leg.useMicrophone("usb");

    expect(told.mock.calls).toEqual([["denied"], [null]]);
    expect(peer().sent).toEqual([null, null, opened[0]]);
  });

  it("goes on with another microphone when the headset is pulled out", async () => {
    const { leg } = makeLeg();
    await leg.start();
    peer().become("connected");
    leg.begin();

    opened[0]?.onended?.();
    await turn();

    expect(peer().sent.at(-1)).toBe(opened[1]);
    expect(opened[0]?.stopped).toBe(true);
  });

  it("plays the caller, and says when the browser wants a click first", async () => {
    const blocked = vi.fn();
    const { leg, audio } = makeLeg({ blocked });
    await leg.start();
    audio.play.mockRejectedValueOnce(new Named("NotAllowedError"));

    peer().ontrack?.({ track: new FakeTrack("caller") });
    await turn();
    await leg.unblock();

    expect(blocked).toHaveBeenCalledTimes(1);
    expect(audio.srcObject).toBeInstanceOf(FakeStream);
    expect(audio.play).toHaveBeenCalledTimes(2);
    expect(leg.levels().caller).toBeGreaterThan(0);
  });

  it("sends keys", async () => {
    const { leg } = makeLeg();
    await leg.start();

    leg.pressKey("5");

    expect(peer().keys).toEqual(["5"]);
  });
});

describe("a microphone", () => {
  it("that was chosen and is gone is replaced by the system's own", async () => {
    const found = microphone;
    microphone = () => (asked.length === 1 ? Promise.reject(new Named("OverconstrainedError")) : found());

    await openMicrophone("usb");

    expect(asked.map((one) => one.deviceId)).toEqual([{ exact: "usb" }, undefined]);
  });

  it("that may not be used is not asked for twice", async () => {
    microphone = () => Promise.reject(new Named("NotAllowedError"));

    await expect(openMicrophone("usb")).rejects.toThrow();

    expect(asked.length).toBe(1);
  });

  it.each([
    ["NotAllowedError", "denied"],
    ["NotFoundError", "missing"],
    ["NotReadableError", "busy"],
  ])("%s is told as %s", (name, problem) => {
    expect(problemOf(new Named(name))).toBe(problem);
  });
});

describe("a level", () => {
  it.each([
    [0, 0],
    [0.0001, 0],
    [1, 1],
    [0.0316, 0.5],
  ])("of %d is a bar of %d", (sample, bar) => {
    expect(barOf(new Float32Array(64).fill(sample))).toBeCloseTo(bar, 2);
  });
});
