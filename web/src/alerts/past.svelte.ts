/** What is past, page by page, found by words; read anew as far as it was read when something is told of. */
import type { Alert } from "./types";
import { api, sentence } from "$lib/api";

interface Page {
  items: Alert[];
  next: string | null;
}

export class PastAlerts {
  items = $state.raw<readonly Alert[]>([]);
  /** Whether there are older ones. */
  hasMore = $state(false);
  loaded = $state(false);
  failure = $state<string | null>(null);
  #words = "";
  #next: string | null = null;
  /** So many are wanted at least. */
  #least = 0;
  #asked = 0;

  /** Those that say all these words, from the newest on. */
  look(words: string): Promise<void> {
    this.#words = words;
    this.#least = 0;
    return this.#read([], null);
  }

  /** The page after the last. */
  more(): Promise<void> {
    this.#least = this.items.length + 1;
    return this.#read(this.items, this.#next);
  }

  /** The same, as it is now. */
  again(): Promise<void> {
    this.#least = Math.max(this.#least, this.items.length);
    return this.#read([], null);
  }

  async #read(before: readonly Alert[], from: string | null): Promise<void> {
    this.#asked += 1;
    const mine = this.#asked;
    let [items, cursor] = [before, from];
    try {
      do {
        const page: Page = await api.get<Page>("/api/alerts/past", { q: this.#words, cursor });
        // Other words were asked for meanwhile: what comes now is of the old ones.
        if (mine !== this.#asked) return;
        items = [...items, ...page.items];
        cursor = page.next;
      } while (cursor !== null && items.length < this.#least);
      [this.items, this.#next, this.hasMore, this.failure] = [items, cursor, cursor !== null, null];
    } catch (failed) {
      // What is known stays.
      if (mine === this.#asked) this.failure = sentence(failed);
    } finally {
      if (mine === this.#asked) this.loaded = true;
    }
  }
}
