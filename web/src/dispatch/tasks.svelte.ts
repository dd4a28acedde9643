/** The tasks in view, open and closed lately: fetched once, read again when one of them is told of. */
import { api, sentence } from "$lib/api";
import { socket } from "$lib/socket";
import type { Task } from "./types";

/** Several changes of one deed are told at once: they are read once. */
const TOGETHER_MS = 150;

export class Tasks {
  /** Open ones first, then the closed ones, the last closed first. */
  list = $state.raw<readonly Task[]>([]);
  loaded = $state(false);
  failure = $state<string | null>(null);
  /** Grows with each news: who shows one task reads it again. */
  news = $state(0);
  #users = 0;
  #stop: (() => void)[] = [];
  #soon: ReturnType<typeof setTimeout> | undefined;

  get open(): readonly Task[] {
    return this.list.filter(({ state }) => state !== "closed");
  }

  byNumber(number: string): Task | undefined {
    return this.list.find((task) => task.number === number);
  }

  byJam(jam: string): Task | undefined {
    return this.list.find((task) => task.jam_id === jam && task.state !== "closed");
  }

  /** Keeps the list until the answer of the last who asked is called. */
  watch(): () => void {
    this.#users += 1;
    if (this.#users === 1) {
      const again = (): void => this.#again();
      this.#stop = [socket.listen("dispatch.tasks", { event: again, reset: again }), socket.listen("dispatch.units", { event: again, reset: again })];
      void this.refetch();
    }
    return () => {
      this.#users -= 1;
      if (this.#users === 0) for (const stop of this.#stop) stop();
    };
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
      const { items } = await api.get<{ items: Task[] }>("/api/dispatch/tasks");
      this.list = items;
      this.loaded = true;
      this.failure = null;
    } catch (failed) {
      this.failure = sentence(failed);
    }
  }
}

export const tasks = new Tasks();
