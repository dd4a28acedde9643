import { beforeEach, describe, expect, it } from "vitest";
import type { RecordedTrack } from "../video/playback";
import { Deck, EDGE_MS, type Lane } from "./deck";

/** Stands in for a track: `has` says which wall times are buffered. */
class FakeTrack {
  trouble = null;
  shownMs: number | null = null;
  frameS = 0.08;
  seeks: number[] = [];
  modes: string[] = [];
  fed: number[] = [];
  isClosed = false;
  constructor(
    readonly video: FakeVideo,
    public has: (wall: number) => boolean,
  ) {}
  get wallMs(): number {
    return this.video.currentTime * 1000;
  }
  media = (wall: number): number => wall / 1000;
  covers = (wall: number): boolean => this.has(wall);
  isSeam = (): boolean => false;
  seek = (wall: number): void => {
    this.seeks.push(wall);
    this.video.currentTime = wall / 1000;
  };
  setMode = (mode: string): void => void this.modes.push(mode);
  feed = (wall: number): void => void this.fed.push(wall);
  close = (): void => void (this.isClosed = true);
}

class FakeVideo {
  currentTime = 0;
  playbackRate = 1;
  paused = true;
  seeking = false;
  readyState = 4;
  play(): Promise<void> {
    this.paused = false;
    return Promise.resolve();
  }
  pause(): void {
    this.paused = true;
  }
}

const START = 1_000_000;
let now = 0;
let server = START + 600_000;
let deck: Deck;

function add(id: string, has: (wall: number) => boolean): { lane: Lane; track: FakeTrack; video: FakeVideo } {
  const video = new FakeVideo();
  const track = new FakeTrack(video, has);
  const lane = deck.add(id, video as unknown as HTMLVideoElement, track as unknown as RecordedTrack);
  return { lane, track, video };
}

beforeEach(() => {
  now = 0;
  server = START + 600_000;
  deck = new Deck(START, () => now, () => server);
});

describe("the deck", () => {
  it("plays every camera that has the moment", () => {
    const a = add("a", () => true);
    const b = add("b", () => true);
    deck.play();
    deck.tick();
    expect([a.video.paused, b.video.paused]).toEqual([false, false]);
    now = 1000;
    expect(deck.at).toBe(START + 1000);
  });

  it("holds the clock while a camera loads, but not for ever", () => {
    add("a", () => true);
    add("slow", () => false);
    deck.play();
    deck.tick();
    now = 1000;
    deck.tick();
    expect(deck.held).toBe(true);
    expect(deck.at).toBe(START);
    now = 5000;
    deck.tick();
    expect(deck.held).toBe(false);
    now = 6000;
    expect(deck.at).toBe(START + 1000);
  });

  it("runs through a gap of one camera and shows it with its cause", () => {
    const a = add("a", () => true);
    const b = add("b", () => false);
    b.lane.gaps = [{ start: START - 1000, end: START + 60_000, cause: "offline" }];
    deck.play();
    deck.tick();
    now = 500;
    expect(deck.at).toBe(START + 500);
    expect([a.lane.showing, b.lane.showing, b.lane.gap?.cause]).toEqual(["picture", "gap", "offline"]);
  });

  it("asks for what follows a gap shortly before its end", () => {
    const b = add("b", () => false);
    b.lane.gaps = [{ start: START - 1000, end: START + 2000, cause: "offline" }];
    deck.tick();
    expect(b.track.fed).toEqual([START + 2000]);
  });

  it("skips a gap that all cameras share, when told to", () => {
    const gap = { start: START - 1000, end: START + 60_000, cause: "offline" };
    add("a", () => false).lane.gaps = [gap];
    add("b", () => false).lane.gaps = [gap];
    deck.skipGaps = true;
    deck.play();
    deck.tick();
    expect(deck.at).toBe(gap.end + 20);
  });

  it("waits for what is still being written, and goes on when it is there", () => {
    let isWritten = false;
    const a = add("a", () => isWritten);
    a.lane.lastAt = START - 10;
    deck.play();
    deck.tick();
    now = 20_000;
    deck.tick();
    expect(a.lane.showing).toBe("future");
    expect(deck.at).toBe(START);
    isWritten = true;
    deck.tick();
    now = 20_100;
    expect(deck.at).toBe(START + 100);
  });

  it("stops behind the present instead of asking for the future", () => {
    add("a", () => true);
    deck.seek(server + 60_000);
    expect(deck.at).toBe(server - EDGE_MS);
    deck.play();
    deck.tick();
    expect(deck.clock.playing).toBe(false);
  });

  it("corrects a camera that strays, and leaves the others alone", () => {
    const a = add("a", () => true);
    const b = add("b", () => true);
    deck.play();
    a.video.currentTime = START / 1000 - 0.2;
    deck.tick();
    expect(a.video.playbackRate).toBeGreaterThan(1);
    expect(b.video.playbackRate).toBe(1);
  });

  it("steps by the frames of the chosen camera, and pauses for it", () => {
    const a = add("a", () => true);
    deck.play();
    a.track.shownMs = START;
    deck.step(1, "a");
    expect(deck.clock.playing).toBe(false);
    expect(deck.at).toBeCloseTo(START + 0.08 * 1400, 6);
    a.track.shownMs = START + 80;
    deck.step(-1, "a");
    expect(deck.at).toBeCloseTo(START + 80 - 0.08 * 600, 6);
  });

  it("fetches nothing while the playhead is dragged", () => {
    const a = add("a", () => false);
    deck.scrub(START - 5000);
    a.track.fed.length = 0;
    deck.tick();
    expect(a.track.fed).toEqual([]);
    deck.seek(START - 5000);
    deck.tick();
    expect(a.track.fed).toEqual([START - 5000]);
  });

  it("asks for key frames above four times speed", () => {
    const a = add("a", () => true);
    deck.setSpeed(8);
    deck.setSpeed(2);
    expect(a.track.modes).toEqual(["all", "keys", "all"]);
  });

  it("lets go of a camera that is taken away", () => {
    const a = add("a", () => true);
    deck.remove("a");
    expect(a.track.isClosed).toBe(true);
    expect(deck.lanes).toEqual([]);
  });
});

describe("the sound beside the pictures", () => {
  it("runs at normal speed only, and goes where the clock goes", () => {
    const heard: [number, boolean][] = [];
    const sought: number[] = [];
    add("a", () => true);
    deck.sound = { follow: (wall, runs) => void heard.push([wall, runs]), seek: (wall) => void sought.push(wall) };
    deck.play();
    deck.tick();
    deck.setSpeed(2);
    deck.tick();
    deck.setSpeed(1);
    deck.pause();
    deck.tick();
    deck.seek(START + 5000);

    expect(heard.map(([, runs]) => runs)).toEqual([true, false, false]);
    expect(sought).toEqual([START + 5000]);
  });
});
