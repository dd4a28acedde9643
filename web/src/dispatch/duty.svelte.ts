/**
 * The phone of a crew: on which unit one serves, what it was sent to, and what was pressed. Presses
 * act at once on this phone, are kept in its storage, and are sent when the network is there.
 */
import { api, ApiError, send, sentence } from "$lib/api";
import { socket } from "$lib/socket";
import { t } from "$lib/t";
import { bodyOf, newId, nextBatch, readQueue, standing, without, type Answered, type Pressed } from "./queue";
import type { Duty, SentState } from "./types";

const EMPTY: Duty = { unit: null, signed_on_at: null, assignment: null, task: null };
/** Longer than this a request has been swallowed by a gap. */
const GIVEN_UP_MS = 10_000;
const AGAIN_MS = [2_000, 4_000, 8_000, 15_000];

function read(key: string): string | null {
  try {
    return localStorage.getItem(key);
  } catch {
    return null;
  }
}

function keep(key: string, text: string): void {
  try {
    localStorage.setItem(key, text);
  } catch {
    // A full or forbidden store: what was pressed is sent from memory, as long as the page is open.
  }
}

export class CrewDuty {
  current = $state.raw<Duty>(EMPTY);
  loaded = $state(false);
  failure = $state<string | null>(null);
  queue = $state.raw<readonly Pressed[]>([]);
  /** Whether the last try to reach the server failed. */
  isAway = $state(false);
  /** What the server said of presses that changed nothing; shown until it is read. */
  said = $state.raw<readonly string[]>([]);
  #person = "";
  #isSending = false;
  #attempt = 0;
  #timer: ReturnType<typeof setTimeout> | undefined;

  /** Where the assignment stands on this phone, what waits to be sent included. */
  get state(): SentState | null {
    const { assignment } = this.current;
    return assignment === null ? null : standing(assignment.state, assignment.id, this.queue);
  }

  /** Begins for a person; the answer ends it. */
  watch(person: string): () => void {
    this.#person = person;
    this.queue = readQueue(read(this.#key("presses")));
    const kept = read(this.#key("duty"));
    if (kept !== null) this.#takeKept(kept);
    const again = (): void => void this.refetch();
    const online = (): void => {
      this.#attempt = 0;
      again();
    };
    const stop = socket.listen("dispatch.mine", { event: again, reset: again });
    window.addEventListener("online", online);
    void this.refetch();
    return () => {
      stop();
      window.removeEventListener("online", online);
      clearTimeout(this.#timer);
    };
  }

  #takeKept(kept: string): void {
    try {
      this.current = JSON.parse(kept) as Duty;
    } catch {
      this.current = EMPTY;
    }
  }

  #key(word: string): string {
    return `warroom.${word}.${this.#person}`;
  }

  async refetch(): Promise<void> {
    if (this.queue.length > 0 && !(await this.flush())) return;
    try {
      this.current = await api.get<Duty>("/api/dispatch/duty", undefined, AbortSignal.timeout(GIVEN_UP_MS));
      keep(this.#key("duty"), JSON.stringify(this.current));
      this.loaded = true;
      this.failure = null;
      this.isAway = false;
    } catch (failed) {
      if (isGap(failed)) this.#later();
      else this.failure = sentence(failed);
      this.loaded = true;
    }
  }

  /** Takes a press: it counts on this phone from now on, whether the network is there or not. */
  press(more: Omit<Pressed, "id" | "at" | "assignment">): void {
    const { assignment } = this.current;
    if (assignment === null) return;
    const made: Pressed = { id: newId(), assignment: assignment.id, at: new Date().toISOString(), ...more };
    this.#put([...this.queue, made]);
    this.#attempt = 0;
    void this.refetch();
  }

  #put(queue: readonly Pressed[]): void {
    this.queue = queue;
    keep(this.#key("presses"), JSON.stringify(queue));
  }

  /** Sends what waits, until nothing does; false when the network is away. */
  async flush(): Promise<boolean> {
    if (this.#isSending) return true;
    this.#isSending = true;
    clearTimeout(this.#timer);
    try {
      for (let batch = nextBatch(this.queue); batch !== null; batch = nextBatch(this.queue)) {
        if (!(await this.#send(batch.assignment, batch.items))) return false;
      }
      return true;
    } finally {
      this.#isSending = false;
    }
  }

  /** Whether the server heard; what it refused as a whole is said and not sent again. */
  async #send(assignment: string, items: readonly Pressed[]): Promise<boolean> {
    try {
      const response = await send(`/api/dispatch/assignments/${assignment}/stamps`, {
        method: "POST",
        body: bodyOf(items, new Date().toISOString()),
        signal: AbortSignal.timeout(GIVEN_UP_MS),
      });
      const { items: answers } = (await response.json()) as { items: Answered[] };
      this.#say(answers.filter(({ verdict }) => verdict !== "taken").map(({ text }) => text));
    } catch (failed) {
      if (isGap(failed)) {
        this.#later();
        return false;
      }
      this.#say([t("dispatch.not_taken", { why: sentence(failed) })]);
    }
    this.#put(without(this.queue, items));
    this.isAway = false;
    this.#attempt = 0;
    return true;
  }

  #later(): void {
    this.isAway = true;
    const wait = AGAIN_MS[Math.min(this.#attempt, AGAIN_MS.length - 1)] ?? 15_000;
    this.#attempt += 1;
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => void this.refetch(), wait);
  }

  #say(texts: readonly string[]): void {
    const news = texts.filter((text) => text !== "" && !this.said.includes(text));
    if (news.length > 0) this.said = [...this.said, ...news];
  }

  async signOn(unit: string): Promise<void> {
    await api.put("/api/dispatch/duty", { unit_id: unit });
    await this.refetch();
  }

  async signOff(): Promise<void> {
    await api.remove("/api/dispatch/duty");
    await this.refetch();
  }
}

/** The network is away, or whoever answered is not our server, or the session must be renewed first. */
export function isGap(failed: unknown): boolean {
  if (failed instanceof ApiError) return failed.isAway || [401, 408, 429].includes(failed.status) || failed.status === 500;
  return failed instanceof DOMException || failed instanceof TypeError || failed instanceof SyntaxError;
}

export const duty = new CrewDuty();
