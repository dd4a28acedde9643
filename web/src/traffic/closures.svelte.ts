/** The closures in view that hold or will: fetched once, read again when one is made or ended. */
import { api, sentence } from "$lib/api";
import { socket } from "$lib/socket";
import type { Closure } from "./types";

class Closures {
  list = $state.raw<readonly Closure[]>([]);
  loaded = $state(false);
  failure = $state<string | null>(null);

  /** Keeps the list until the answer is called. */
  watch(): () => void {
    const stop = socket.listen("traffic.closures", { event: () => void this.refetch(), reset: () => void this.refetch() });
    void this.refetch();
    return stop;
  }

  async refetch(): Promise<void> {
    try {
      const { items } = await api.get<{ items: Closure[] }>("/api/traffic/closures");
      this.list = items;
      this.loaded = true;
      this.failure = null;
    } catch (failed) {
      this.failure = sentence(failed);
    }
  }
}

export const closures = new Closures();
