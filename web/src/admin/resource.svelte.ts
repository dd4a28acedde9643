/** A list of things of one kind, fetched whole, kept while it is renewed, with why it could not be. */
import { api } from "$lib/api";
import type { Page } from "$lib/types";

export class Resource<Thing> {
  items = $state.raw<Thing[]>([]);
  loaded = $state(false);
  failed = $state.raw<unknown>(null);
  #path: string;
  #query: Record<string, string | number | boolean | undefined>;

  constructor(path: string, query: Record<string, string | number | boolean | undefined> = {}) {
    this.#path = path;
    this.#query = query;
  }

  /** Fetches every page again; the old items stay until then. */
  async load(more: Record<string, string | number | boolean | undefined> = {}): Promise<void> {
    try {
      const found: Thing[] = [];
      let cursor: string | null | undefined;
      do {
        const page: Page<Thing> = await api.get<Page<Thing>>(this.#path, { ...this.#query, ...more, cursor });
        found.push(...page.items);
        cursor = page.next;
      } while (cursor !== null && cursor !== undefined);
      this.items = found;
      this.loaded = true;
      this.failed = null;
    } catch (failed) {
      this.failed = failed;
    }
  }
}
