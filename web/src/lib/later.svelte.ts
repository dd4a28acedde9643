/**
 * Deeds that the server has not taken yet because it is away, or does not know of what they are
 * about yet. They are kept on this machine, done in their order, and told of where they are refused.
 * Each must be one that may be done twice.
 */
import { api, ApiError, isGap, sentence } from "./api";
import { toasts } from "./sheet/toasts.svelte";

export interface Deed {
  method: "put" | "post" | "remove";
  path: string;
  /** Of nothing that is removed. */
  body?: object;
  /** How often the server did not know of what it is about. */
  tries?: number;
}

/** Of a person: they stay when that one signs out, and nobody else does them. */
const NAME = "warroom.later.";
const AGAIN_MS = 2_000;
/** What the edge of the calls told is stored within seconds of the database being back. */
const MOST_TRIES = 30;

export class Later {
  waiting = $state.raw<readonly Deed[]>([]);
  #person = "";
  #timer: ReturnType<typeof setTimeout> | undefined;
  #isBusy = false;

  /** Takes up what an earlier page of this person left. */
  start(person: string): void {
    if (person === this.#person) return;
    this.#person = person;
    this.waiting = this.#kept();
    if (this.waiting.length > 0) this.#soon(0);
  }

  /** Rests until somebody signs in. */
  stop(): void {
    clearTimeout(this.#timer);
    this.#person = "";
    this.waiting = [];
  }

  #kept(): readonly Deed[] {
    try {
      return JSON.parse(localStorage.getItem(NAME + this.#person) ?? "[]") as Deed[];
    } catch {
      return [];
    }
  }

  add(deed: Deed): void {
    this.#set([...this.waiting, deed]);
    this.#soon(0);
  }

  #set(waiting: readonly Deed[]): void {
    this.waiting = waiting;
    try {
      if (waiting.length === 0) localStorage.removeItem(NAME + this.#person);
      else localStorage.setItem(NAME + this.#person, JSON.stringify(waiting));
    } catch {
      // A full or forbidden store: they are done from memory, as long as the page is open.
    }
  }

  #soon(afterMs: number): void {
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => void this.#run(), afterMs);
  }

  async #run(): Promise<void> {
    if (this.#isBusy) return;
    this.#isBusy = true;
    try {
      for (let next = this.waiting[0]; next !== undefined; next = this.waiting[0]) {
        const person = this.#person;
        const again = await this.#do(next);
        if (person !== this.#person) break;
        this.#set(again === null ? this.waiting.slice(1) : [again, ...this.waiting.slice(1)]);
        if (again !== null) {
          this.#soon(AGAIN_MS);
          break;
        }
      }
    } finally {
      this.#isBusy = false;
    }
  }

  /** Does one; null when it is done, or never will be. */
  async #do(deed: Deed): Promise<Deed | null> {
    try {
      await (deed.method === "remove" ? api.remove(deed.path) : api[deed.method](deed.path, deed.body ?? {}));
      return null;
    } catch (failed) {
      if (isGap(failed)) return deed;
      const tries = (deed.tries ?? 0) + 1;
      if (failed instanceof ApiError && failed.status === 404 && tries < MOST_TRIES) return { ...deed, tries };
      toasts.say(sentence(failed));
      return null;
    }
  }
}

export const later = new Later();
