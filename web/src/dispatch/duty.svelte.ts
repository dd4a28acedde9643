/**
 * The phone of a crew: on which unit one serves, what it was sent to, and what was pressed. Presses
 * act at once on this phone, are kept in its storage, and are sent when the network is there.
 */
import { api, ApiError, ask, isGap, sentence, type Ask } from "$lib/api";
import { keep, recall } from "$lib/kept";
import { socket } from "$lib/socket";
import { t } from "$lib/t";
import { dropPhoto, keepPhoto, shrink, waitingPhotos, type Waiting } from "./photos";
import { bodyOf, homeward, newId, nextBatch, readQueue, standing, stepped, without, type Answered, type Pressed } from "./queue";
import type { Duty, SentState } from "./types";

interface KeptDuty {
  duty: Duty;
  heardAt: number | null;
}

/** In place of an assignment: pressed by a crew that is on no task. */
const ON_DUTY = "duty";
const EMPTY: Duty = { unit: null, signed_on_at: null, assignment: null, task: null };
/** Longer than this a request has been swallowed by a gap. */
const GIVEN_UP_MS = 10_000;
/** A photo over a weak link takes long; a press gives it up and goes first. */
const PHOTO_MS = 90_000;
const AGAIN_MS = [2_000, 4_000, 8_000, 15_000];

/** Presses outlive the session: they are kept until the server heard them, and by person. */
const pressesOf = (person: string): string => `warroom.presses.${person}`;

function readPresses(person: string): readonly Pressed[] {
  try {
    return readQueue(localStorage.getItem(pressesOf(person)));
  } catch {
    return [];
  }
}

export class CrewDuty {
  current = $state.raw<Duty>(EMPTY);
  loaded = $state(false);
  failure = $state<string | null>(null);
  queue = $state.raw<readonly Pressed[]>([]);
  /** Whether the last try to reach the server failed. */
  isAway = $state(false);
  /** Away is the server, not the network: something answered. */
  isServer = $state(false);
  /** By the clock of this phone, when the server last told what is shown; null where it never did. */
  heardAt = $state<number | null>(null);
  /** False where this browser keeps nothing: a press that waits is lost with the page. */
  isSafe = $state(true);
  /** What the server said of presses that changed nothing; shown until it is read. */
  said = $state.raw<readonly string[]>([]);
  photosWaiting = $state(0);
  photosSent = $state(0);
  #person = "";
  #isWanted = false;
  #isUploading = false;
  #running: Promise<void> | null = null;
  #asking: AbortController | null = null;
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
    this.queue = readPresses(person);
    const kept = recall<KeptDuty>(this.#name);
    this.current = kept?.duty ?? EMPTY;
    this.heardAt = kept?.heardAt ?? null;
    this.loaded = false;
    const again = (): void => void this.refetch();
    const online = (): void => {
      this.#attempt = 0;
      again();
    };
    const stop = socket.listen("dispatch.mine", { event: again, reset: again });
    window.addEventListener("online", online);
    void this.#waiting();
    void this.refetch();
    return () => {
      stop();
      window.removeEventListener("online", online);
      clearTimeout(this.#timer);
    };
  }

  get #name(): string {
    return `duty.${this.#person}`;
  }

  /** Sends what waits, then reads anew where the crew stands; one at a time, so that no old answer undoes a new one. */
  refetch(): Promise<void> {
    this.#isWanted = true;
    // News of the task waits behind no photo.
    if (this.#isUploading) this.#asking?.abort();
    return (this.#running ??= this.#run());
  }

  async #run(): Promise<void> {
    clearTimeout(this.#timer);
    try {
      while (this.#isWanted) {
        this.#isWanted = false;
        await this.#once();
      }
    } finally {
      this.#running = null;
    }
  }

  async #once(): Promise<void> {
    try {
      await this.#flush();
      const heard = await this.#ask<Duty>("/api/dispatch/duty");
      this.heardAt = Date.now();
      this.#take(heard);
      this.loaded = true;
      this.failure = null;
      this.isAway = false;
      this.#attempt = 0;
      await this.#sendPhotos();
    } catch (failed) {
      // Given up for something newer, which comes next.
      if (this.#isWanted) return;
      if (isGap(failed)) this.#later(failed);
      else this.failure = sentence(failed);
      this.loaded = true;
    }
  }

  async #ask<Answer>(path: string, more: Ask = {}, within = GIVEN_UP_MS): Promise<Answer> {
    const controller = new AbortController();
    const timer = setTimeout(() => controller.abort(), within);
    this.#asking = controller;
    try {
      return await ask<Answer>(path, { ...more, signal: controller.signal });
    } finally {
      clearTimeout(timer);
    }
  }

  #take(duty: Duty): void {
    this.current = duty;
    keep(this.#name, { duty, heardAt: this.heardAt } satisfies KeptDuty);
  }

  /** Takes a press: it counts on this phone from now on, whether the network is there or not. */
  press(more: Omit<Pressed, "id" | "at" | "assignment">): void {
    const { assignment, unit } = this.current;
    const home = more.stamp === "returning" || more.stamp === "in_quarters" ? homeward(this.current, this.queue) : null;
    // Without a task there is this to say: that the crew is in danger, and that it drives home.
    if (assignment === null && home === null && (unit === null || more.stamp !== "duress")) return;
    const made: Pressed = { id: newId(), assignment: home?.assignment ?? assignment?.id ?? ON_DUTY, at: new Date().toISOString(), ...more };
    this.#put([...this.queue, made]);
    this.#attempt = 0;
    // It waits behind no question that hangs in a gap; what is sent twice counts once.
    this.#asking?.abort();
    void this.refetch();
  }

  /** Takes a photo of the place; false where it is none, or this phone cannot keep it. */
  async photograph(file: Blob): Promise<boolean> {
    const { assignment } = this.current;
    if (assignment === null) return false;
    const at = new Date().toISOString();
    try {
      const picture = await shrink(file);
      await keepPhoto({ id: newId(), person: this.#person, assignment: assignment.id, at, picture });
    } catch {
      return false;
    }
    this.photosWaiting += 1;
    void this.refetch();
    return true;
  }

  /** Sends what waits, behind all presses; what the server refuses is said and not sent again. */
  async #sendPhotos(): Promise<void> {
    for (const { id, assignment, at, picture } of await this.#waiting()) {
      // A press, or news of the task, goes first.
      if (this.#isWanted) return;
      const query = { id, at, sent_at: new Date().toISOString() };
      this.#isUploading = true;
      try {
        await this.#ask(`/api/dispatch/assignments/${assignment}/photos`, { method: "POST", query, body: picture, type: "image/jpeg" }, PHOTO_MS);
        this.photosSent += 1;
      } catch (failed) {
        if (this.#isWanted || isGap(failed)) throw failed;
        this.#say([t("dispatch.photo_not_taken", { why: sentence(failed) })]);
      } finally {
        this.#isUploading = false;
      }
      await dropPhoto(id);
      this.photosWaiting = Math.max(0, this.photosWaiting - 1);
    }
  }

  async #waiting(): Promise<readonly Waiting[]> {
    try {
      const photos = await waitingPhotos(this.#person);
      this.photosWaiting = photos.length;
      return photos;
    } catch {
      // A browser without a database: a photo is refused when it is taken, so none waits.
      return [];
    }
  }

  #put(queue: readonly Pressed[]): void {
    this.queue = queue;
    try {
      localStorage.setItem(pressesOf(this.#person), JSON.stringify(queue));
      this.isSafe = true;
    } catch {
      // A full or forbidden store: what was pressed is sent from memory, and the page says so.
      this.isSafe = false;
    }
  }

  /** Sends what waits, until nothing does; throws when the network is away. */
  async #flush(): Promise<void> {
    for (let batch = nextBatch(this.queue); batch !== null; batch = nextBatch(this.queue)) {
      await this.#send(batch.assignment, batch.items);
    }
  }

  /** What the server refuses as a whole is sent one by one; what it refuses alone is said and not sent again. */
  async #send(assignment: string, items: readonly Pressed[]): Promise<void> {
    let taken: readonly Pressed[] = [];
    try {
      const { items: answers } = await this.#ask<{ items: Answered[] }>(assignment === ON_DUTY ? "/api/dispatch/duty/stamps" : `/api/dispatch/assignments/${assignment}/stamps`, {
        method: "POST",
        body: bodyOf(items, new Date().toISOString()),
      });
      this.#say(answers.filter(({ verdict }) => verdict !== "taken").map(({ text }) => text));
      const heard = new Set(answers.filter(({ verdict }) => verdict === "taken").map(({ id }) => id));
      taken = items.filter(({ id }) => heard.has(id));
    } catch (failed) {
      if (this.#isWanted || isGap(failed)) throw failed;
      if (items.length > 1) {
        // One that cannot be taken keeps none of the others back, least of all a call for help.
        for (const one of items) await this.#send(assignment, [one]);
        return;
      }
      this.#say([t("dispatch.not_taken", { why: sentence(failed) })]);
    }
    // Together: a step that was heard stands until the server is asked again, and never falls back meanwhile.
    this.#take(stepped(this.current, taken));
    this.#put(without(this.queue, items));
    this.isAway = false;
    this.#attempt = 0;
  }

  #later(why: unknown): void {
    this.isAway = true;
    this.isServer = why instanceof ApiError && why.status > 0;
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

export const duty = new CrewDuty();
