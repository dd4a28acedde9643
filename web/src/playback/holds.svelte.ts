/** The holds a person may see, kept while a page shows them and renewed when somebody changes one. */
import { api, address } from "$lib/api";
import { session } from "$lib/session.svelte";
import { socket } from "$lib/socket";
import type { Page } from "$lib/types";
import type { Hold } from "./holds";

const PATH = "/api/recording/holds";

export class Holds {
  items = $state.raw<readonly Hold[]>([]);
  loaded = $state(false);
  failed = $state.raw<unknown>(null);
  withReleased = $state(false);
  #asked = 0;

  /** The hold with this id, if it is among those in view. */
  byId(id: string): Hold | undefined {
    return this.items.find((hold) => hold.id === id);
  }

  /** Loads them and listens until the answer is called; does nothing for who may not hold. */
  start(): () => void {
    if (!session.may("recording:hold")) return () => undefined;
    void this.load();
    let soon: ReturnType<typeof setTimeout> | undefined;
    const again = (): void => {
      clearTimeout(soon);
      soon = setTimeout(() => void this.load(), 200);
    };
    const stop = socket.listen("recording.holds", { event: again, reset: again });
    return () => {
      clearTimeout(soon);
      stop();
    };
  }

  /** Fetches every page; an answer that was overtaken by a later question is dropped. */
  async load(): Promise<void> {
    this.#asked += 1;
    const asked = this.#asked;
    try {
      const found: Hold[] = [];
      let after: string | null | undefined;
      do {
        const page: Page<Hold> = await api.get<Page<Hold>>(PATH, { released: this.withReleased || undefined, limit: 200, after });
        found.push(...page.items);
        after = page.next;
      } while (after !== null && after !== undefined && asked === this.#asked);
      if (asked !== this.#asked) return;
      this.items = found;
      this.loaded = true;
      this.failed = null;
    } catch (failed) {
      if (asked === this.#asked) this.failed = failed;
    }
  }
}

export interface HoldBody {
  camera_ids: readonly string[];
  from: string;
  to: string;
  reason: string;
  case_number: string;
  until_at: string | null;
}

export const askHold = {
  add: async (body: HoldBody): Promise<Hold[]> => (await api.post<{ items: Hold[] }>(PATH, body)).items,
  show: (id: string): Promise<Hold> => api.get<Hold>(`${PATH}/${id}`),
  change: (id: string, body: { reason: string; until_at?: string | null; case_number?: string }): Promise<Hold> => api.patch<Hold>(`${PATH}/${id}`, body),
  release: (id: string, reason: string): Promise<void> => api.remove(address(`${PATH}/${id}`, { reason })),
};
