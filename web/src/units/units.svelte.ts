/** The vehicles that this person may see, with where they are: fetched once, moved by events. */
import { api, sentence } from "$lib/api";
import { socket } from "$lib/socket";
import type { Page } from "$lib/types";
import type { Moved, Unit } from "./types";

const UNKNOWN = { place: null, width_m: null, height_m: null, position: null };

export class Units {
  /** By callsign. */
  list = $state.raw<readonly Unit[]>([]);
  loaded = $state(false);
  failure = $state<string | null>(null);
  #users = 0;
  #stop: (() => void)[] = [];

  byId(id: string): Unit | undefined {
    return this.list.find((unit) => unit.id === id);
  }

  /** Keeps the list until the answer of the last who asked is called. */
  watch(): () => void {
    this.#users += 1;
    if (this.#users === 1) {
      const reset = (): void => void this.refetch();
      this.#stop = [
        socket.listen<{ items: Moved[] }>("units.position", { event: ({ body }) => this.take(body.items), reset }),
        socket.listen("units.changed", { event: reset, reset }),
      ];
      void this.refetch();
    }
    return () => {
      this.#users -= 1;
      if (this.#users === 0) for (const stop of this.#stop) stop();
    };
  }

  async refetch(): Promise<void> {
    try {
      const found: Unit[] = [];
      let cursor: string | null = null;
      do {
        const page: Page<Unit> = await api.get("/api/units", { limit: 5000, cursor });
        found.push(...page.items.map((unit) => ({ ...UNKNOWN, ...unit })));
        cursor = page.next ?? null;
      } while (cursor !== null);
      // What moved while it was asked is newer than the answer.
      const before = new Map(this.list.map((unit) => [unit.id, unit.position]));
      const newest = found.map((unit) => ({ ...unit, position: newer(unit.position, before.get(unit.id) ?? null) }));
      this.list = newest.sort((a, b) => a.name.localeCompare(b.name, "id", { numeric: true }));
      this.loaded = true;
      this.failure = null;
    } catch (failed) {
      this.failure = sentence(failed);
    }
  }

  /** Moves those that were heard of; one that is not in the list is no news of a position. */
  take(moved: readonly Moved[]): void {
    const by = new Map(moved.map((one) => [one.id, one]));
    this.list = this.list.map((unit) => {
      const news = by.get(unit.id);
      if (news === undefined) return unit;
      const { id: _, ...position } = news;
      return { ...unit, position: newer({ ...position, kecamatan: unit.position?.kecamatan ?? null }, unit.position) };
    });
  }
}

function newer<Position extends { at: string }>(a: Position | null, b: Position | null): Position | null {
  if (a === null || b === null) return a ?? b;
  return Date.parse(b.at) > Date.parse(a.at) ? b : a;
}

export const units = new Units();
