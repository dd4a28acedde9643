/** "Show once more that it is you": asked by any request, answered once, then the request goes on. */
import { whenProofNeeded } from "$lib/api";
import type { Way } from "./types";

class Proof {
  /** Ways by which the person can prove it, while they are asked. */
  ways = $state.raw<readonly Way[] | null>(null);
  #waiting: ((proven: boolean) => void)[] = [];

  constructor() {
    whenProofNeeded.call = (ways) => this.ask(ways.split(",") as Way[]);
  }

  ask(ways: readonly Way[]): Promise<boolean> {
    this.ways = ways;
    return new Promise((done) => this.#waiting.push(done));
  }

  /** The person has proven it, or does not want to. */
  answer(proven: boolean): void {
    this.ways = null;
    this.#waiting.splice(0).forEach((done) => done(proven));
  }
}

export const proof = new Proof();
