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
  #running: Promise<boolean> | null = null;

  constructor(private readonly room: Room) {}

  /**
   * Answers what rings here, or who is first in turn; whether a call was taken, which the list may tell later. A
   * press while one is being done is the same press.
   */
  press(): Promise<boolean> {
    this.#running ??= this.#answer().finally(() => (this.#running = null));
    return this.#running;
  }

  async #answer(): Promise<boolean> {
    let call = this.#wanted();
    if (call === undefined) {
      await this.room.refetch();
      call = this.#wanted();
    }
    if (call === undefined) {
      this.room.idle(this.#isInCall() ? "in_a_call" : "nobody_waits");
      return false;
    }
    let isTaken = true;
    try {
      await this.room.answer(call);
    } catch (failure) {
      isTaken = await this.#next(call, failure);
    }
    await this.room.refetch();
    return isTaken;
  }

  /** The caller or somebody else was faster: the next in turn, if there is one. */
  async #next(gone: Call, failure: unknown): Promise<boolean> {
    await this.room.refetch();
    const next = this.#wanted();
    if (next === undefined || next.id === gone.id) {
      this.room.failed(failure);
      return false;
    }
    try {
      await this.room.answer(next);
    } catch (again) {
      this.room.failed(again);
      return false;
    }
    return true;
  }

  #isInCall(): boolean {
    const own = mine(this.room.calls(), this.room.me());
    return own !== undefined && isTalking(own);
  }

  #wanted(): Call | undefined {
    return this.#isInCall() ? undefined : nextFor(this.room.calls(), this.room.me());
  }
}
