/** One turning camera in the hand of this page: who has it, what it tells, and its movement while keys are down. */
import { aimedText, isRest, velocityOf, type Aimed, type Grip, type Head, type Way } from "./ptz";
import { api, ApiError, sentence } from "$lib/api";
import { socket } from "$lib/socket";
import { t } from "$lib/t";

/** A movement ends by itself after two seconds. */
const RENEW_MS = 900;

export class Ptz {
  grip = $state.raw<Grip | null>(null);
  head = $state.raw<Head | null>(null);
  /** What came of the last thing done, or why it was not. */
  said = $state("");
  isBad = $state(false);
  isMoving = $state(false);
  readonly #path: string;
  readonly #id: string;
  readonly #incident: () => string | null;
  #ways = new Set<Way>();
  #again: ReturnType<typeof setTimeout> | undefined;
  #timer: ReturnType<typeof setInterval> | undefined;
  /** Words go one after the other: a stop must not overtake a movement. */
  #last: Promise<void> = Promise.resolve();

  /**
   * @param id The camera.
   * @param incident The incident that is looked at, if any: turning to it ranks higher.
   */
  constructor(id: string, incident: () => string | null) {
    this.#id = id;
    this.#path = `/api/cameras/${id}/ptz`;
    this.#incident = incident;
  }

  /** Follows who has it; the answer stops that, and the camera, and lets go of it. */
  start(): () => void {
    const stop = socket.listen<{ id: string }>("cameras.ptz", {
      event: ({ body }) => {
        if (body.id === this.#id) void this.load();
      },
      reset: () => void this.load(),
    });
    void this.load();
    void this.look();
    return () => {
      stop();
      clearInterval(this.#timer);
      clearTimeout(this.#again);
      if (this.grip?.held?.is_mine === true && this.grip.held.reserved_until === null) void api.remove(`${this.#path}/hold`).catch(() => undefined);
    };
  }

  async load(): Promise<void> {
    await this.#try(async () => {
      this.grip = await api.get<Grip>(this.#path, { incident: this.#incident() !== null });
    });
  }

  /** Asks the camera itself, and again until it stands still. */
  async look(tries = 10): Promise<void> {
    clearTimeout(this.#again);
    await this.#try(async () => {
      this.head = await api.get<Head>(`${this.#path}/camera`);
    });
    const isTurning = this.head?.ok === true && this.head.is_moving === true;
    if (isTurning && tries > 0) this.#again = setTimeout(() => void this.look(tries - 1), 1_000);
  }

  /** Begins to move one way more. */
  press(way: Way): void {
    if (this.#ways.has(way)) return;
    this.#ways.add(way);
    this.#send();
    clearInterval(this.#timer);
    this.#timer = setInterval(() => this.#send(), RENEW_MS);
  }

  /** Ends one way, or all of them. */
  release(way?: Way): void {
    if (this.#ways.size === 0) return;
    if (way === undefined) this.#ways.clear();
    else this.#ways.delete(way);
    this.#send();
    if (this.#ways.size === 0) {
      clearInterval(this.#timer);
      void this.#last.then(() => this.look());
    }
  }

  /** Stands still, whatever it was doing. */
  async stop(): Promise<void> {
    this.#ways.clear();
    clearInterval(this.#timer);
    await this.#do(() => api.post(`${this.#path}/move`, {}));
    await this.look();
  }

  async goTo(token: string): Promise<void> {
    await this.#do(() => api.post(`${this.#path}/preset`, { token }));
    await this.look();
  }

  async take(more: { reserve?: boolean; take_over?: boolean; reason?: string } = {}): Promise<boolean> {
    return this.#do(async () => {
      this.grip = await api.post<Grip>(`${this.#path}/hold`, more);
    });
  }

  async letGo(): Promise<void> {
    await this.#do(() => api.remove(`${this.#path}/hold`));
    await this.load();
  }

  /** Turns it to the incident; says how well it looks there. */
  async aim(incident: string, more: { take_over?: boolean; reason?: string } = {}): Promise<boolean> {
    const done = await this.#do(async () => {
      const aimed = await api.post<Aimed>(`/api/incidents/${incident}/cameras/${this.#id}/aim`, more);
      const { key, params } = aimedText(aimed);
      this.said = t(key, params);
      this.isBad = aimed.by === null;
    });
    await this.look();
    return done;
  }

  /** Keeps where a position looks. */
  async sayBearing(token: string, bearing: number | null): Promise<void> {
    await this.#do(() => api.put(`${this.#path}/presets/${encodeURIComponent(token)}/bearing`, { bearing_deg: bearing }));
    await this.look();
  }

  #send(): void {
    const velocity = velocityOf(this.#ways);
    this.isMoving = !isRest(velocity);
    this.#last = this.#last.then(async () => {
      const done = await this.#do(() => api.post(`${this.#path}/move`, velocity));
      // Refused: keys that are still down must not ask again each second.
      if (!done) {
        clearInterval(this.#timer);
        this.#ways.clear();
        this.isMoving = false;
      }
    });
  }

  async #do(deed: () => Promise<unknown>): Promise<boolean> {
    this.said = "";
    this.isBad = false;
    const done = await this.#try(deed);
    if (!done || this.grip?.held?.is_mine !== true) await this.#lookWho();
    return done;
  }

  async #lookWho(): Promise<void> {
    try {
      this.grip = await api.get<Grip>(this.#path, { incident: this.#incident() !== null });
    } catch (failed) {
      // What was said of the deed itself matters more.
      if (this.said === "") this.said = sentence(failed);
    }
  }

  async #try(ask: () => Promise<unknown>): Promise<boolean> {
    try {
      await ask();
      return true;
    } catch (failed) {
      this.said = failed instanceof ApiError ? failed.message : sentence(failed);
      this.isBad = true;
      return false;
    }
  }
}
