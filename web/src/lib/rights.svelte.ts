/**
 * What this person may do with each camera, as the server says it: a word that is held somewhere is
 * not held on every camera. What is asked for in one moment goes in one question.
 */
import { SvelteMap } from "svelte/reactivity";
import { api } from "./api";
import { session } from "./session.svelte";
import { socket } from "./socket";

const MOST_ASKED = 100;
const AGAIN_MS = 5_000;

export type Ask = (ids: readonly string[]) => Promise<Readonly<Record<string, readonly string[]>>>;

interface Named {
  readonly id: string;
}

async function ask(ids: readonly string[]): Promise<Record<string, string[]>> {
  const query = new URLSearchParams(ids.map((id) => ["ids", id]));
  return (await api.get<{ items: Record<string, string[]> }>(`/api/cameras/can?${query.toString()}`)).items;
}

export class Rights {
  #known = new SvelteMap<string, ReadonlySet<string>>();
  #waiting = new Set<string>();
  #asked = new Set<string>();
  #ask: Ask;
  #may: (action: string) => boolean;
  /** Grows when everything is forgotten: an answer to a question from before then is dropped. */
  #age = 0;

  constructor(put: Ask, may: (action: string) => boolean) {
    this.#ask = put;
    this.#may = may;
  }

  /** True when `action` is known to be allowed on the camera: what is offered to be done with it. */
  can(action: string, camera: Named): boolean {
    return this.#may(action) && this.#of(camera.id)?.has(action) === true;
  }

  /** True when `action` is known not to be allowed on the camera; false while that is not known. */
  cannot(action: string, camera: Named): boolean {
    return !this.#may(action) || this.#of(camera.id)?.has(action) === false;
  }

  /** Asks anew for one camera, or for all: its sides changed, or the person's rights did. */
  forget(id?: string): void {
    // Also what is being asked: that answer may be from before.
    const all = new Set([...this.#known.keys(), ...this.#asked]);
    const again = id === undefined ? all : all.has(id) ? [id] : [];
    if (id === undefined) {
      this.#age += 1;
      this.#asked.clear();
    }
    // What was known stays until the answer is here: a button does not blink.
    for (const one of again) this.#want(one);
  }

  /** Knows nothing any more: another person sits here. */
  clear(): void {
    this.#age += 1;
    this.#known.clear();
    this.#waiting.clear();
    this.#asked.clear();
  }

  #of(id: string): ReadonlySet<string> | undefined {
    const known = this.#known.get(id);
    if (known === undefined && !this.#asked.has(id)) this.#want(id);
    return known;
  }

  #want(id: string): void {
    if (this.#waiting.size === 0) queueMicrotask(() => this.#flush());
    this.#waiting.add(id);
    this.#asked.add(id);
  }

  #flush(): void {
    const ids = [...this.#waiting];
    this.#waiting.clear();
    for (let at = 0; at < ids.length; at += MOST_ASKED) void this.#put(ids.slice(at, at + MOST_ASKED));
  }

  async #put(ids: readonly string[]): Promise<void> {
    const age = this.#age;
    try {
      const told = await this.#ask(ids);
      if (age !== this.#age) return;
      for (const id of ids) this.#known.set(id, new Set(told[id] ?? []));
    } catch {
      // The server is away: nothing new is known, and it is asked again.
      setTimeout(() => {
        if (age === this.#age) for (const id of ids) this.#want(id);
      }, AGAIN_MS);
    }
  }

  /** Keeps what is known true: a camera that changes, a socket that starts anew, a page come back to. */
  start(): () => void {
    const all = (): void => this.forget();
    const seen = (): void => {
      if (document.visibilityState === "visible") all();
    };
    const stop = socket.listen<{ id: string }>("cameras.changed", { event: ({ body }) => this.forget(body.id), reset: all });
    document.addEventListener("visibilitychange", seen);
    return () => {
      stop();
      document.removeEventListener("visibilitychange", seen);
      this.clear();
    };
  }
}

export const rights = new Rights(ask, (action) => session.may(action));
