/** The jams of now in the areas in view, and those that ended lately: fetched once, kept by events. */
import { api, sentence } from "$lib/api";
import { socket } from "$lib/socket";
import type { EndedJam, Jam } from "./types";

const ENDED_HOURS = 6;

export class Jams {
  /** The longest queue first. */
  list = $state.raw<readonly Jam[]>([]);
  ended = $state.raw<readonly EndedJam[]>([]);
  loaded = $state(false);
  failure = $state<string | null>(null);
  #users = 0;
  #stop: (() => void) | null = null;

  byId(id: string): Jam | undefined {
    return this.list.find((jam) => jam.id === id);
  }

  /** Keeps the list until the answer of the last who asked is called. */
  watch(): () => void {
    this.#users += 1;
    if (this.#users === 1) {
      this.#stop = socket.listen<{ change: string; jam: Jam }>("traffic.jams", {
        event: ({ body }) => this.take(body.change, body.jam),
        reset: () => void this.refetch(),
      });
      void this.refetch();
    }
    return () => {
      this.#users -= 1;
      if (this.#users === 0) this.#stop?.();
    };
  }

  async refetch(): Promise<void> {
    try {
      const { items, ended } = await api.get<{ items: Jam[]; ended: EndedJam[] }>("/api/traffic/jams", { ended_hours: ENDED_HOURS });
      this.list = ordered(items);
      this.ended = ended;
      this.loaded = true;
      this.failure = null;
    } catch (failed) {
      this.failure = sentence(failed);
    }
  }

  /** Takes what became of a jam; why one is over is read with the list of those. */
  take(change: string, jam: Jam): void {
    const others = this.list.filter((known) => known.id !== jam.id);
    if (change === "cleared") {
      this.list = others;
      void this.refetch();
    } else this.list = ordered([...others, jam]);
  }
}

function ordered(jams: readonly Jam[]): Jam[] {
  return [...jams].sort((a, b) => b.queue_m - a.queue_m || a.id.localeCompare(b.id));
}

export const jams = new Jams();
