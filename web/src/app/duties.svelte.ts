/** What waits for this person by law: fetched once, and again when the city tells of a change. */
import { isPast, merge, type OverdueCase, type Unreviewed } from "./duties";
import { api } from "$lib/api";
import { now } from "$lib/now.svelte";
import { session } from "$lib/session.svelte";
import { socket } from "$lib/socket";

class Duties {
  #overdue = $state.raw<OverdueCase[]>([]);
  #unreviewed = $state.raw<Unreviewed[]>([]);

  all = $derived(merge(this.#overdue, this.#unreviewed));
  isUrgent = $derived(this.all.some((duty) => isPast(duty, now.tick)));

  get mayHave(): boolean {
    return session.may("privacy:answer") || session.may("access:review");
  }

  /** Keeps the list until the answer is called. */
  watch(): () => void {
    const stops = [
      ...(session.may("privacy:answer") ? [this.#follow("privacy.overdue", this.#loadOverdue)] : []),
      ...(session.may("access:review") ? [this.#follow("access.emergency", this.#loadUnreviewed)] : []),
    ];
    return () => {
      for (const stop of stops) stop();
      this.#overdue = [];
      this.#unreviewed = [];
    };
  }

  #follow(topic: string, load: () => Promise<void>): () => void {
    void load();
    return socket.listen(topic, { event: () => void load(), reset: () => void load() });
  }

  #loadOverdue = async (): Promise<void> => {
    try {
      this.#overdue = (await api.get<{ items: OverdueCase[] }>("/api/privacy/overdue")).items;
    } catch {
      // The bar keeps what it knew; the foot says that the link is gone.
    }
  };

  #loadUnreviewed = async (): Promise<void> => {
    try {
      this.#unreviewed = (await api.get<{ items: Unreviewed[] }>("/api/emergencies/unreviewed")).items;
    } catch {
      // As above.
    }
  };
}

export const duties = new Duties();
