/** What stations keep free: read once, and again when one falls below it or a vehicle's status changes. */
import { api, sentence } from "$lib/api";
import { socket } from "$lib/socket";
import { toasts } from "$lib/sheet/toasts.svelte";
import { t } from "$lib/t";
import type { Cover, Move } from "./types";

/** Several changes of one deed are told at once: they are read once. */
const TOGETHER_MS = 200;

class Coverage {
  list = $state.raw<readonly Cover[]>([]);
  /** When the server looked; null until it was read. */
  at = $state<string | null>(null);
  without_roads = $state(false);
  failure = $state<string | null>(null);
  #users = 0;
  #stop: (() => void)[] = [];
  #soon: ReturnType<typeof setTimeout> | undefined;

  get below(): readonly Cover[] {
    return this.list.filter(({ is_below }) => is_below);
  }

  /** What one key would do: the first move that this person may send. */
  get first(): { cover: Cover; move: Move } | null {
    for (const cover of this.below) {
      const move = cover.moves[0];
      if (move !== undefined && cover.can.includes("dispatch:send")) return { cover, move };
    }
    return null;
  }

  watch(): () => void {
    this.#users += 1;
    if (this.#users === 1) {
      const again = (): void => {
        clearTimeout(this.#soon);
        this.#soon = setTimeout(() => void this.refetch(), TOGETHER_MS);
      };
      this.#stop = ["dispatch.coverage", "dispatch.units"].map((topic) => socket.listen(topic, { event: again, reset: again }));
      void this.refetch();
    }
    return () => {
      this.#users -= 1;
      if (this.#users > 0) return;
      clearTimeout(this.#soon);
      for (const stop of this.#stop) stop();
    };
  }

  async refetch(): Promise<void> {
    try {
      const { at, items, without_roads } = await api.get<{ at: string; items: Cover[]; without_roads: boolean }>("/api/dispatch/coverage");
      this.list = items;
      this.at = at;
      this.without_roads = without_roads;
      this.failure = null;
    } catch (failed) {
      // What is known stays, with its time.
      this.failure = sentence(failed);
    }
  }

  async send(cover: Cover, move: Move): Promise<void> {
    try {
      await api.post(`/api/dispatch/minimums/${cover.id}/move-ups`, { unit_id: move.unit.id });
      toasts.say(t("dispatch.moved_up", { unit: move.unit.name, station: cover.station }));
    } catch (failed) {
      toasts.say(sentence(failed));
    }
    await this.refetch();
  }

  async back(assignment: string): Promise<void> {
    try {
      await api.post(`/api/dispatch/assignments/${assignment}/cancel`, { reason: t("dispatch.move_back_reason") });
    } catch (failed) {
      toasts.say(sentence(failed));
    }
    await this.refetch();
  }
}

export const coverage = new Coverage();
