import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { Retry } from "./retry";

describe("a new try", () => {
  beforeEach(() => {
    vi.useFakeTimers();
    vi.stubGlobal("window", Object.assign(new EventTarget(), { setTimeout, clearTimeout }));
    vi.spyOn(Math, "random").mockReturnValue(1);
  });
  afterEach(() => {
    vi.useRealTimers();
    vi.unstubAllGlobals();
    vi.restoreAllMocks();
  });

  it("waits longer with every failure and is short again after a success", () => {
    const retry = new Retry();
    const waits: number[] = [];
    for (let i = 0; i < 3; i += 1) {
      const began = Date.now();
      retry.again(() => waits.push(Date.now() - began));
      vi.runAllTimers();
    }
    retry.succeed();
    const began = Date.now();
    retry.again(() => waits.push(Date.now() - began));
    vi.runAllTimers();

    expect(waits).toEqual([500, 1000, 2000, 500]);
  });

  it("is made at once when the network is back, and once only", () => {
    const tried = vi.fn();
    new Retry().again(tried);
    window.dispatchEvent(new Event("online"));
    window.dispatchEvent(new Event("online"));
    vi.runAllTimers();

    expect(tried).toHaveBeenCalledTimes(1);
  });

  it("waits its time after a refusal, whatever the network does", () => {
    const tried = vi.fn();
    new Retry().again(tried, 30_000);
    window.dispatchEvent(new Event("online"));

    expect(tried).not.toHaveBeenCalled();
  });

  it("is not made after the end", () => {
    const tried = vi.fn();
    const retry = new Retry();
    retry.again(tried);
    retry.stop();
    window.dispatchEvent(new Event("online"));
    vi.runAllTimers();

    expect(tried).not.toHaveBeenCalled();
  });
});
