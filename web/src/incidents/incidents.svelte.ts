/** The incidents in view, open and ended lately: read once, and again when one of them is told of. */
import { api, sentence } from "$lib/api";
import { socket } from "$lib/socket";
import type { Card, Incident, TypingEvent } from "./types";

/** Several changes of one deed are told at once, and typing all the time: they are read once. */
const TOGETHER_MS = 250;
const URGENT_LAST = 9;

export class Incidents {
  all = $state.raw<readonly Incident[]>([]);
  loaded = $state(false);
  failure = $state<string | null>(null);
  /** Grows with each news: who shows one incident reads it again. */
  news = $state(0);
  /** What is being typed into drafts, by their id. */
  typing = $state<Record<string, string>>({});
  #users = 0;
  #stop: (() => void)[] = [];
  #soon: ReturnType<typeof setTimeout> | undefined;

  /** Open ones, the most urgent first, then the newest. */
  get open(): readonly Incident[] {
    const open = this.all.filter(({ ended_at, merged_into }) => ended_at === null && merged_into === null);
    return [...open].sort((a, b) => (a.priority ?? URGENT_LAST) - (b.priority ?? URGENT_LAST) || b.opened_at.localeCompare(a.opened_at));
  }

  get ended(): readonly Incident[] {
    return this.all.filter(({ ended_at, merged_into }) => ended_at !== null || merged_into !== null);
  }

  /** Keeps the list until the answer of the last who asked is called. */
  watch(): () => void {
    this.#users += 1;
    if (this.#users === 1) {
      const again = (): void => this.#again();
      this.#stop = [
        socket.listen("incidents.changed", { event: again, reset: again }),
        socket.listen<TypingEvent>("incidents.drafts", { event: ({ body }) => this.#hear(body), reset: again }),
      ];
      void this.refetch();
    }
    return () => {
      this.#users -= 1;
      if (this.#users === 0) for (const stop of this.#stop) stop();
    };
  }

  #hear({ id, fields }: TypingEvent): void {
    const said = fields["place_text"] ?? fields["event_text"];
    if (typeof said === "string" && said !== "") this.typing[id] = said;
    this.#again();
  }

  #again(): void {
    clearTimeout(this.#soon);
    this.#soon = setTimeout(() => {
      this.news += 1;
      void this.refetch();
    }, TOGETHER_MS);
  }

  async refetch(): Promise<void> {
    try {
      this.all = (await api.get<{ items: Incident[] }>("/api/incidents")).items;
      this.loaded = true;
      this.failure = null;
    } catch (failed) {
      this.failure = sentence(failed);
    }
  }
}

export const incidents = new Incidents();

class Cards {
  list = $state.raw<readonly Card[]>([]);
  failure = $state<string | null>(null);

  async load(): Promise<void> {
    try {
      this.list = (await api.get<{ items: Card[] }>("/api/incidents/types")).items;
      this.failure = null;
    } catch (failed) {
      this.failure = sentence(failed);
    }
  }

  of(code: string | null): Card | undefined {
    return this.list.find((card) => card.code === code);
  }
}

/** The question cards in force. */
export const cards = new Cards();
