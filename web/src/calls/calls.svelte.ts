/** The calls that are not closed: read once, and again when one of them is told of. */
import { api, sentence } from "$lib/api";
import { now } from "$lib/now.svelte";
import { router } from "$lib/router.svelte";
import { session } from "$lib/session.svelte";
import { toasts } from "$lib/sheet/toasts.svelte";
import { socket } from "$lib/socket";
import { t } from "$lib/t";
import { Answering } from "./answering";
import { inTurn, mine, nextFor } from "./turns";
import type { AtEdge, Call, Queue } from "./types";

/** One deed tells several events at once. */
const TOGETHER_MS = 60;

/** Whether the edge was heard, which alone knows who waits and who answers; it is also while the database is away. */
export const isHeard = (problem: string): boolean => problem === "" || problem === "kernel.database_away";

class Calls {
  all = $state.raw<readonly Call[]>([]);
  me = $state.raw<AtEdge | null>(null);
  problem = $state("");
  failure = $state<string | null>(null);
  loaded = $state(false);
  /** When the next call rings although the last was not classed (as `now.tick` counts); null while nothing is written up. */
  wrapEnds = $state<number | null>(null);
  /** When the last answer was asked for (as `performance.now` counts). */
  askedAt = $state(0);
  /** Whether it is known who waits. */
  isKnown = $derived(this.loaded && isHeard(this.problem));
  #users = 0;
  /** Of the newest answer that was shown: one that was asked for before and came later is old. */
  #shown = 0;
  #asked = 0;
  #stop: (() => void)[] = [];
  #soon: ReturnType<typeof setTimeout> | undefined;

  waiting = $derived(inTurn(this.all));
  callbacks = $derived(this.all.filter(({ state }) => state === "callback_due"));

  get own(): string {
    return session.current?.person.id ?? "";
  }

  get mine(): Call | undefined {
    return mine(this.all, this.own);
  }

  get next(): Call | undefined {
    return nextFor(this.all, this.own);
  }

  /** Keeps the list until the answer of the last who asked is called. */
  watch(): () => void {
    this.#users += 1;
    if (this.#users === 1) {
      const again = (): void => this.again();
      this.#stop = ["calls.queue", "calls.mine"].map((topic) => socket.listen(topic, { event: again, reset: again }));
      void this.refetch();
    }
    return () => {
      this.#users -= 1;
      if (this.#users === 0) for (const stop of this.#stop) stop();
    };
  }

  again(): void {
    clearTimeout(this.#soon);
    this.#soon = setTimeout(() => void this.refetch(), TOGETHER_MS);
  }

  async refetch(): Promise<void> {
    const askedAt = performance.now();
    const number = ++this.#asked;
    try {
      const { items, me, problem } = await api.get<Queue>("/api/calls/queue");
      if (number < this.#shown) return;
      this.#shown = number;
      this.all = items;
      this.me = me;
      this.wrapEnds = me === null || me.wrap_s <= 0 ? null : now.tick + me.wrap_s * 1000;
      this.problem = problem;
      this.askedAt = askedAt;
      this.loaded = true;
      this.failure = null;
    } catch (failed) {
      if (number >= this.#shown) this.failure = sentence(failed);
    }
  }
}

export const calls = new Calls();

/** What is to happen the moment a call is taken; the line sets it. */
export const whenTaking = { begin: (): void => undefined, failed: (): void => undefined };

/** Takes a call. */
export async function take(call: Call): Promise<void> {
  if (call.channel === "phone") whenTaking.begin();
  try {
    await api.post(`/api/calls/${call.id}/answer`, {});
  } catch (failure) {
    whenTaking.failed();
    throw failure;
  }
}

/** The page of the room. */
export const ROOM = "/112";

/** Behind `F1`, on whatever page it is pressed. */
export const answering = new Answering({
  calls: () => calls.all,
  me: () => calls.own,
  refetch: () => calls.refetch(),
  answer: take,
  idle: (why) => toasts.say(t(`calls.${why}`)),
  failed: (failure) => toasts.say(sentence(failure)),
});

/** Answers, and leads to the room where the call is. */
export async function answerHere(): Promise<void> {
  const isTaken = await answering.press();
  // The edge's word that it is mine may still be on its way.
  if ((isTaken || calls.mine !== undefined) && router.path !== ROOM) router.go(ROOM);
}
