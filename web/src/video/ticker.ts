/** A beat that components read; it runs only while somebody reads it. */
import { createSubscriber } from "svelte/reactivity";

/** A reactive clock of a fixed period. */
export class Ticker {
  private readonly subscribe: () => void;

  constructor(everyMs: number) {
    this.subscribe = createSubscriber((update) => {
      const timer = setInterval(update, everyMs);
      return () => clearInterval(timer);
    });
  }

  /** Monotonic milliseconds; whoever reads it is run again at every beat. */
  get now(): number {
    this.subscribe();
    return performance.now();
  }
}

/** The beat of ages on tiles. */
export const fast = new Ticker(200);
/** The beat of clocks that show seconds. */
export const slow = new Ticker(1000);
