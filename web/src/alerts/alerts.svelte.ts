/** Alerts in force and how their sources do: read once, and again when one is told of or a while has passed. */
import type { Alert, Source } from "./types";
import { api, sentence } from "$lib/api";
import { socket } from "$lib/socket";

const TOGETHER_MS = 250;
/** Alerts expire, and sources grow old, without anybody saying so. */
const EVERY_MS = 60_000;

class Alerts {
  list = $state.raw<readonly Alert[]>([]);
  sources = $state.raw<readonly Source[]>([]);
  loaded = $state(false);
  failure = $state<string | null>(null);
  /** Grows with each news: who shows one alert, or another list, reads it again. */
  news = $state(0);
  #users = 0;
  #stop: (() => void)[] = [];
  #soon: ReturnType<typeof setTimeout> | undefined;
  #every: ReturnType<typeof setInterval> | undefined;

  /** Those that hold in this city, or do not say where. */
  get here(): readonly Alert[] {
    return this.list.filter(({ touches }) => touches !== false);
  }

  watch(): () => void {
    this.#users += 1;
    if (this.#users === 1) {
      const again = (): void => {
        clearTimeout(this.#soon);
        this.#soon = setTimeout(() => {
          this.news += 1;
          void this.refetch();
        }, TOGETHER_MS);
      };
      this.#stop = ["alerts.changed", "alerts.drafts"].map((topic) => socket.listen(topic, { event: again, reset: again }));
      this.#every = setInterval(again, EVERY_MS);
      void this.refetch();
    }
    return () => {
      this.#users -= 1;
      if (this.#users > 0) return;
      clearTimeout(this.#soon);
      clearInterval(this.#every);
      for (const stop of this.#stop) stop();
    };
  }

  async refetch(): Promise<void> {
    try {
      const { items, sources } = await api.get<{ items: Alert[]; sources: Source[] }>("/api/alerts");
      this.list = items;
      this.sources = sources;
      this.failure = null;
    } catch (failed) {
      // What is known stays.
      this.failure = sentence(failed);
    } finally {
      this.loaded = true;
    }
  }
}

export const alerts = new Alerts();
