import { beforeEach, describe, expect, it, vi } from "vitest";
import { OneSound, type MakeSound, type SoundEvents } from "./sound.svelte";

class Windows {
  onmessage: ((event: MessageEvent) => unknown) | null = null;
  said: unknown[] = [];
  postMessage(message: unknown): void {
    this.said.push(message);
  }
}

interface Made {
  events: SoundEvents;
  close: ReturnType<typeof vi.fn>;
}

let made: Made[];
let windows: Windows;
let sound: OneSound;
const make: MakeSound = (_element, events) => {
  const one = { events, close: vi.fn() };
  made.push(one);
  return one;
};

beforeEach(() => {
  vi.stubGlobal("document", { createElement: () => ({}) });
  made = [];
  windows = new Windows();
  sound = new OneSound(windows as unknown as BroadcastChannel);
});

describe("the one sound", () => {
  it("is taken from the pane that had it", () => {
    const [first, second] = [{}, {}];
    sound.give(first, make, () => undefined);
    sound.give(second, make, () => undefined);

    expect(sound.owner).toBe(second);
    expect(made[0]?.close).toHaveBeenCalledTimes(1);
    expect(made[1]?.close).not.toHaveBeenCalled();
  });

  it("is heard only when it comes", () => {
    const owner = {};
    sound.give(owner, make, () => undefined);
    const before = sound.starting;
    made[0]?.events.heard();

    expect([before, sound.starting]).toEqual([true, false]);
  });

  it("ends when its pane ends, and not when another does", () => {
    const owner = {};
    sound.give(owner, make, () => undefined);
    sound.take({});
    const still = sound.owner;
    sound.take(owner);

    expect(still).toBe(owner);
    expect(sound.owner).toBeNull();
    expect(made[0]?.close).toHaveBeenCalledTimes(1);
  });

  it("ends in all other windows when it begins in one", () => {
    sound.give({}, make, () => undefined);
    windows.onmessage?.(new MessageEvent("message", { data: "taken" }));

    expect(windows.said).toEqual(["taken"]);
    expect(sound.owner).toBeNull();
    expect(made[0]?.close).toHaveBeenCalledTimes(1);
  });

  it("tells its pane why it could not go on, once", () => {
    const why = vi.fn();
    sound.give({}, make, why);
    made[0]?.events.ended("blocked");
    made[0]?.events.ended("none");

    expect(why.mock.calls).toEqual([["blocked"]]);
    expect(sound.owner).toBeNull();
  });
});
