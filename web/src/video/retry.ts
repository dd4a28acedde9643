/** When a player tries anew: later and later while it fails, and at once when the network is back. */
import { backoffMs } from "./edge";

/** The waiting of one player. Nothing is left behind after `stop`. */
export class Retry {
  private failures = 0;
  private timer = 0;
  private next: (() => void) | null = null;
  private readonly ononline = (): void => this.fire();

  /** True when the last try did not lead to anything yet. */
  get isTrying(): boolean {
    return this.failures > 0;
  }

  /** Runs `next` after a while (`waitMs`, or longer with every failure); a former wait is forgotten. */
  again(next: () => void, waitMs?: number): void {
    this.stop();
    this.next = next;
    this.timer = window.setTimeout(() => this.fire(), waitMs ?? backoffMs(this.failures, Math.random()));
    if (waitMs === undefined) {
      this.failures += 1;
      window.addEventListener("online", this.ononline);
    }
  }

  /** What was tried worked. */
  succeed(): void {
    this.failures = 0;
  }

  /** Waits for nothing any more. */
  stop(): void {
    window.clearTimeout(this.timer);
    window.removeEventListener("online", this.ononline);
    this.next = null;
  }

  private fire(): void {
    const { next } = this;
    this.stop();
    next?.();
  }
}
