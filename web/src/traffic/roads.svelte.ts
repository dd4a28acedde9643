/**
 * The state of every road: fetched once, kept by what each cycle changes. What was, and what is
 * usual at this hour, can be looked at in its place; the present goes on being kept meanwhile.
 */
import { api, sentence } from "$lib/api";
import { socket } from "$lib/socket";
import { numbers, sureness, type Drawn } from "./signs";
import type { Delta, Whole } from "./types";

export type View = { readonly kind: "now" } | { readonly kind: "typical"; readonly learnt: number } | { readonly kind: "past"; readonly at: number };

const NOW: View = { kind: "now" };

export class RoadStates {
  /** Which roads the edges are of; null until they are known. */
  pack = $state<string | null>(null);
  /** When the server last said what the roads are like, in its seconds. */
  at = $state<number | null>(null);
  view = $state.raw<View>(NOW);
  failure = $state<string | null>(null);
  /** Edges by class would be dear to keep reactive: this grows when any of them changed. */
  changes = $state(0);
  #now: Drawn = { colour: new Uint8Array(), how: new Uint8Array() };
  #other: Drawn | null = null;
  #waiting: Delta[] | null = null;
  #asked = 0;
  #users = 0;
  #stop: (() => void) | null = null;

  /** What is to be drawn: the present, or what is looked at in its place. */
  get drawn(): Drawn {
    return this.#other ?? this.#now;
  }

  /** Keeps the state until the answer of the last who asked is called. */
  watch(): () => void {
    this.#users += 1;
    if (this.#users === 1) {
      this.#stop = socket.listen<Delta>("traffic.edges", { event: ({ body }) => this.take(body), reset: () => void this.refetch() });
      void this.refetch();
    }
    return () => {
      this.#users -= 1;
      if (this.#users > 0) return;
      this.#stop?.();
      this.pack = null;
      this.at = null;
      this.showNow();
    };
  }

  /** Whether any of these is observed now; null while the state is not known. Reads `changes`. */
  isSeen(edges: readonly number[]): boolean | null {
    void this.changes;
    if (this.pack === null) return null;
    return edges.some((edge) => sureness(this.#now.how[edge] ?? 0) === 1);
  }

  /** Reads the whole state again; what is told meanwhile is not lost. */
  async refetch(): Promise<void> {
    this.#waiting ??= [];
    const asked = ++this.#asked;
    try {
      const whole = await api.get<Whole & { at: number }>("/api/traffic/state");
      if (asked !== this.#asked) return;
      this.#now = numbers(whole);
      this.pack = whole.pack;
      this.at = whole.at;
      this.failure = null;
      const waiting = this.#waiting;
      this.#waiting = null;
      for (const delta of waiting ?? []) if (delta.at > whole.at) this.take(delta);
    } catch (failed) {
      if (asked !== this.#asked) return;
      this.#waiting = null;
      this.failure = sentence(failed);
    }
    this.changes += 1;
  }

  /** Takes what a cycle changed. */
  take(delta: Delta): void {
    if (this.#waiting !== null) {
      this.#waiting.push(delta);
      return;
    }
    if (delta.reset || delta.pack !== this.pack) {
      void this.refetch();
      return;
    }
    const { colour, how } = numbers(delta);
    delta.edges.forEach((edge, i) => {
      this.#now.colour[edge] = colour[i] ?? 0;
      this.#now.how[edge] = how[i] ?? 0;
    });
    this.at = delta.at;
    this.failure = null;
    this.changes += 1;
  }

  showNow(): void {
    this.#other = null;
    this.view = NOW;
    this.changes += 1;
  }

  /** Looks at what is usual of this hour of the week, as far as it was learnt. */
  async showTypical(): Promise<void> {
    const whole = await api.get<Whole & { learnt: number }>("/api/traffic/typical");
    this.#other = numbers(whole);
    this.view = { kind: "typical", learnt: whole.learnt };
    this.changes += 1;
  }

  /** Looks at what was last kept until then. */
  async showPast(at: string): Promise<void> {
    const whole = await api.get<Whole & { at: number }>("/api/traffic/history/state", { at });
    this.#other = numbers(whole);
    this.view = { kind: "past", at: whole.at };
    this.changes += 1;
  }
}

export const roads = new RoadStates();
