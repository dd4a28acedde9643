import { beforeEach, describe, expect, it, vi } from "vitest";
import type { RecordedTrack } from "../video/playback";
import type { SoundEnd } from "../video/sound.svelte";
import type { Deck } from "./deck";
import { followRate, ReplaySound } from "./sound";

const START = 1_000_000;

const element = {
  currentTime: 0,
  playbackRate: 1,
  paused: true,
  seeking: false,
  refuses: false,
  addEventListener: vi.fn(),
  removeEventListener: vi.fn(),
  play(): Promise<void> {
    if (this.refuses) return Promise.reject(new DOMException("", "NotAllowedError"));
    this.paused = false;
    return Promise.resolve();
  },
  pause(): void {
    this.paused = true;
  },
};

let covered: boolean;
let fed: number[];
let ended: SoundEnd[];
let deck: { at: number; sound: unknown };
let sound: ReplaySound;
const track = {
  trouble: null as { code: string; text: string } | null,
  setMode: vi.fn(),
  seek: vi.fn(),
  close: vi.fn(),
  feed: (wall: number): number => fed.push(wall),
  covers: (): boolean => covered,
  media: (wall: number): number => wall / 1000,
};

beforeEach(() => {
  Object.assign(element, { currentTime: START / 1000, playbackRate: 1, paused: true, seeking: false, refuses: false });
  track.trouble = null;
  vi.clearAllMocks();
  covered = true;
  fed = [];
  ended = [];
  deck = { at: START, sound: null };
  const events = { heard: vi.fn(), ended: (why: SoundEnd) => void ended.push(why) };
  const video = element as unknown as HTMLVideoElement;
  sound = new ReplaySound(video, deck as unknown as Deck, events, () => "", track as unknown as RecordedTrack);
});

describe("replayed sound", () => {
  it("asks for sound alone and is taken along by the deck", () => {
    expect(track.setMode).toHaveBeenCalledWith("sound", START);
    expect(deck.sound).toBe(sound);
  });

  it("plays while the pictures do, and rests at any other speed", () => {
    sound.follow(START, true);
    const playing = !element.paused;
    sound.follow(START, false);

    expect([playing, element.paused]).toEqual([true, true]);
    expect(fed).toEqual([START]);
  });

  it("is silent where nothing was recorded, and asks on", () => {
    covered = false;
    sound.follow(START, true);

    expect(element.paused).toBe(true);
    expect(fed).toEqual([START]);
  });

  it("jumps to the clock when far from it and creeps when near", () => {
    sound.follow(START + 1000, true);
    const jumped = element.currentTime;
    sound.follow(START + 1100, true);

    expect(jumped).toBe((START + 1000) / 1000);
    expect(element.playbackRate).toBeGreaterThan(1);
    expect([followRate(0.02), followRate(-0.1), followRate(0.1), followRate(0.4)]).toEqual([1, 1.03, 0.97, "jump"]);
  });

  it("says when the browser holds it back or cannot play it", async () => {
    element.refuses = true;
    sound.follow(START, true);
    await Promise.resolve();
    await Promise.resolve();
    track.trouble = { code: "unplayable", text: "" };
    sound.follow(START, true);

    expect(ended).toEqual(["blocked", "unplayable"]);
  });

  it("leaves nothing behind", () => {
    sound.close();

    expect(deck.sound).toBeNull();
    expect(track.close).toHaveBeenCalled();
    expect(element.removeEventListener).toHaveBeenCalled();
  });
});
