/** What the vehicles in view are doing, by the id of each: fetched once, kept by events. */
import { api } from "$lib/api";
import { session } from "$lib/session.svelte";
import { socket } from "$lib/socket";
import { isStep } from "./queue";
import type { Outage, Status, UnitStatus } from "./types";

export interface Known {
  status: Status;
  since: string | null;
  task: string | null;
  /** How much waits for it. */
  stacked: number;
  /** Why it is out of service; null if it is not. */
  outage: Outage | null;
}

export class Statuses {
  by = $state.raw<ReadonlyMap<string, Known>>(new Map());
  /** False until it was read, and where this person may not: then nothing is said of any vehicle. */
  isKnown = $state(false);
  #users = 0;
  #stop: (() => void) | null = null;

  /** What a vehicle is doing; unknown where nobody serves on it, null where this person may not know. */
  of(unit: string): Known | null {
    if (!this.isKnown) return null;
    return this.by.get(unit) ?? { status: "unknown", since: null, task: null, stacked: 0, outage: null };
  }

  watch(): () => void {
    if (!session.may("dispatch:view")) return () => undefined;
    this.#users += 1;
    if (this.#users === 1) {
      this.#stop = socket.listen<Known & { unit: string }>("dispatch.units", {
        event: ({ body }) => this.take(body),
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
      const { items } = await api.get<{ items: UnitStatus[] }>("/api/dispatch/units");
      this.by = new Map(items.map((one) => [one.unit, { status: statusOf(one), since: statusOf(one) === "returning" ? (one.returning_at ?? null) : one.since, task: one.task, stacked: one.stacked, outage: one.outage ?? null }]));
      this.isKnown = true;
    } catch {
      // What is not known is drawn as unknown, never as free.
      this.isKnown = false;
    }
  }

  take({ unit, status, since, task, stacked, outage }: Known & { unit: string }): void {
    this.by = new Map(this.by).set(unit, { status, since, task, stacked, outage });
  }
}

export function statusOf({ state, crew, in_danger, outage, returning_at }: Pick<UnitStatus, "state" | "crew" | "outage" | "returning_at"> & Partial<Pick<UnitStatus, "in_danger">>): Status {
  if (in_danger === true) return "emergency";
  if (state !== null && isStep(state)) return state;
  if (outage != null) return "out_of_service";
  if (crew === 0) return "unknown";
  return returning_at == null ? "available" : "returning";
}

export const statuses = new Statuses();
