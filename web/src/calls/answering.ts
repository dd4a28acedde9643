/**
 * What the answer key does. A press is never lost: where the page knows of nobody who waits, the
 * list is read anew before it says so; whoever hung up meanwhile makes room for the next in turn.
 */
import { isTalking, mine, nextFor } from "./turns";
import type { Call } from "./types";

export interface Room {
  /** The calls as the page knows them now. */
  calls(): readonly Call[];
  me(): string;
  /** Reads them anew. */
  refetch(): Promise<void>;
  /** Takes it; what I say goes out from that moment, whenever the list says that it is mine. */
  answer(call: Call): Promise<unknown>;
  /** There was nothing to answer: nobody waits, or I have a call. */
  idle(why: "nobody_waits" | "in_a_call"): void;
  failed(failure: unknown): void;
}

export class Answering {
  #running: Promise<void> | null = null;

  constructor(private readonly room: Room) {}

  /** Answers what rings here, or who is first in turn. A press while one is being done is the same press. */
  press(): Promise<void> {
    this.#running ??= this.#answer().finally(() => (this.#running = null));
    return this.#running;
  }

  async #answer(): Promise<void> {
    let call = this.#wanted();
    if (call === undefined) {
      await this.room.refetch();
      call = this.#wanted();
    }
    if (call === undefined) return this.room.idle(this.#isInCall() ? "in_a_call" : "nobody_waits");
    try {
      await this.room.answer(call);
    } catch (failure) {
      await this.#next(call, failure);
    }
    await this.room.refetch();
  }

  /** The caller or somebody else was faster: the next in turn, if there is one. */
  async #next(gone: Call, failure: unknown): Promise<void> {
    await this.room.refetch();
    const next = this.#wanted();
    if (next === undefined || next.id === gone.id) return this.room.failed(failure);
    try {
      await this.room.answer(next);
    } catch (again) {
      this.room.failed(again);
    }
  }

  #isInCall(): boolean {
    const own = mine(this.room.calls(), this.room.me());
    return own !== undefined && isTalking(own);
  }

  #wanted(): Call | undefined {
    return this.#isInCall() ? undefined : nextFor(this.room.calls(), this.room.me());
  }
}
