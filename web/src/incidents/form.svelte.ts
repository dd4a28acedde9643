/**
 * One open call form: what stands in it, saved while it is typed. What the server has not
 * acknowledged is kept on this machine, so that neither a reload nor a gap of the link loses it.
 */
import { api, ApiError, sentence } from "$lib/api";
import { later } from "$lib/later.svelte";
import { now } from "$lib/now.svelte";
import { socket } from "$lib/socket";
import type { Position } from "./positions";
import { newId, Unsaved, type Saving, type Typed } from "./typed";
import type { FormAnswer, IncidentDetail, IncidentState, PlaceValue, Priority, TypingEvent } from "./types";

const SOON_MS = 350;
const AGAIN_MS = 2_000;
const KEPT = "warroom.112";

interface Kept {
  id: string;
  writer: string;
  revision: number;
  fields: Record<string, Typed>;
}

function read(): Kept | null {
  try {
    return JSON.parse(localStorage.getItem(KEPT) ?? "null") as Kept | null;
  } catch {
    return null;
  }
}

export class CallForm {
  id = $state(newId());
  state = $state<IncidentState>("draft");
  number = $state<string | null>(null);
  /** By the card and the answers, or as a person chose it. */
  priority = $state<Priority | null>(null);
  missing = $state.raw<readonly string[]>(["place", "event"]);
  area = $state("");
  /** What stands in the fields, ours or another's. */
  values = $state<Record<string, unknown>>({});
  failure = $state<string | null>(null);
  /** Whether everything typed here was acknowledged. */
  isSaved = $state(true);
  /** Whether the server has the draft. */
  isBegun = $state(false);
  savedAt = $state<number | null>(null);
  /** Where the caller is said to be, as the incident keeps it. */
  positions = $state.raw<readonly Position[]>([]);
  /** The same of the call at hand, while it belongs to no incident. */
  told = $state.raw<readonly Position[]>([]);
  /** By whom and when the place was chosen. */
  chosen = $state.raw<{ at: string; by: string | null } | null>(null);
  /** Joins the call at hand to this incident; set by who has the call. */
  join: (() => Promise<void>) | null = null;
  /** Joins the call at hand to an incident that is there already, and tells how to undo it; set by who has the call. */
  fold = $state.raw<((into: string) => Promise<() => Promise<void>>) | null>(null);
  #unsaved = new Unsaved(newId());
  #isSending = false;
  #timer: ReturnType<typeof setTimeout> | undefined;
  #done: (() => void)[] = [];

  /** Whether something was typed, acknowledged or not. */
  get isTyped(): boolean {
    return this.isBegun || !this.isSaved;
  }

  get place(): PlaceValue | null {
    return (this.values["place"] as PlaceValue | null | undefined) ?? null;
  }

  text(name: string): string {
    return String(this.values[name] ?? "");
  }

  /** Takes part in what others type; takes up what an earlier page left unsent. The answer ends it. */
  watch(): () => void {
    const kept = read();
    if (kept !== null && Object.keys(kept.fields).length > 0) {
      this.id = kept.id;
      this.#unsaved = new Unsaved(kept.writer, kept.revision, kept.fields);
      for (const [name, { value }] of Object.entries(kept.fields)) this.values[name] = value;
      this.isSaved = false;
      this.#soon(0);
      void this.open(kept.id);
    }
    const stop = socket.listen<TypingEvent>("incidents.drafts", {
      event: ({ body }) => this.#hear(body),
      reset: () => this.isBegun && void this.open(this.id),
    });
    return () => {
      stop();
      clearTimeout(this.#timer);
    };
  }

  /** Begins an empty form; what is unsent of the one before is sent as soon as the server takes it. */
  begin(): void {
    this.#park();
    this.#settle(newId());
  }

  #park(): void {
    const saving = this.#unsaved.next(new Date().toISOString());
    if (saving !== null) later.add({ method: "put", path: `/api/incidents/drafts/${this.id}`, body: saving });
    this.#unsaved = new Unsaved(newId());
  }

  /** Goes on with an incident; what is typed here and unsent stays. */
  async open(id: string): Promise<void> {
    if (id !== this.id) {
      this.#park();
      this.#settle(id);
    }
    try {
      const found = await api.get<IncidentDetail>(`/api/incidents/${id}`);
      if (this.id === id) {
        this.#take(found);
        this.#locate(found);
      }
    } catch (failed) {
      // A draft that was never acknowledged is not there yet.
      if (!(failed instanceof ApiError && failed.status === 404)) this.failure = sentence(failed);
    }
  }

  type(name: string, value: unknown): void {
    this.values[name] = value;
    this.#unsaved.type(name, value, new Date().toISOString());
    this.isSaved = false;
    this.#keep();
    this.#soon(name === "place" || name === "type" ? 0 : SOON_MS);
  }

  /** Saves what waits, and resolves when the server has it; rejects when it cannot. */
  async save(): Promise<void> {
    clearTimeout(this.#timer);
    if (this.#isSending) await new Promise<void>((done) => this.#done.push(done));
    await this.#send();
    if (this.#unsaved.size > 0) throw new ApiError(0, "link.lost", this.failure ?? "");
  }

  /** What can be chosen: the incident's own, and what the call at hand told before it is joined. */
  get offered(): readonly Position[] {
    return this.positions.some(({ id }) => id !== "") ? this.positions : [...this.positions, ...this.told];
  }

  /** Makes a position the place: a person's choice, which no newer position takes back. */
  async choose(position: Position): Promise<void> {
    await this.#atLeastBegun();
    let { id } = position;
    if (id === "") {
      await this.join?.();
      await this.open(this.id);
      id = this.positions.find((one) => one.lat === position.lat && one.lon === position.lon && Date.parse(one.at) === Date.parse(position.at))?.id ?? "";
    }
    await api.post(`/api/incidents/${this.id}/locations/${id}/choose`);
    await this.open(this.id);
  }

  /** Reads anew where the caller is said to be. */
  async look(): Promise<void> {
    if (!this.isBegun) return;
    const { id } = this;
    const found = await api.get<IncidentDetail>(`/api/incidents/${id}`);
    if (id === this.id) this.#locate(found);
  }

  #locate({ locations, fields, writers }: IncidentDetail): void {
    this.positions = locations;
    const typed = fields["place"];
    this.chosen = typed === undefined || typed.value === null ? null : { at: typed.at, by: writers[typed.person_id ?? ""] ?? null };
  }

  async handOn(): Promise<FormAnswer> {
    await this.#atLeastBegun();
    const answer = await api.post<FormAnswer>(`/api/incidents/${this.id}/send`, { id: newId() });
    this.state = answer.state;
    this.number = answer.number;
    this.missing = answer.missing;
    this.values["notes"] = "";
    return answer;
  }

  async end(outcome: string, reason = ""): Promise<void> {
    await this.#atLeastBegun();
    await api.post(`/api/incidents/${this.id}/end`, { id: newId(), outcome, reason });
    this.begin();
  }

  /** Whether nothing was typed of the call at hand: it is folded into another incident as it is. */
  get isFoldable(): boolean {
    return this.fold !== null && !this.isBegun && this.#unsaved.size === 0;
  }

  /**
   * Merges into another and goes on with that one. A call of which nothing was typed joins it and
   * leaves no draft behind: the fiftieth about one fire takes one key. The answer undoes it.
   */
  async merge(into: string): Promise<() => Promise<void>> {
    if (this.isFoldable && this.fold !== null) return this.fold(into);
    await this.#atLeastBegun();
    const { id } = this;
    await api.post(`/api/incidents/${id}/merge`, { id: newId(), into });
    await this.open(into);
    return async () => {
      await api.post(`/api/incidents/${id}/split`, { id: newId() });
      await this.open(id);
    };
  }

  async #atLeastBegun(): Promise<void> {
    if (!this.isBegun && this.#unsaved.size === 0) this.type("event_text", this.text("event_text"));
    await this.save();
  }

  #settle(id: string): void {
    this.id = id;
    this.state = "draft";
    this.number = this.priority = null;
    this.missing = ["place", "event"];
    this.area = "";
    this.values = {};
    this.failure = null;
    this.isSaved = true;
    this.isBegun = false;
    this.savedAt = null;
    this.positions = [];
    this.chosen = null;
    this.#keep();
  }

  #soon(afterMs: number): void {
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => void this.#send(), afterMs);
  }

  async #send(): Promise<void> {
    if (this.#isSending) return;
    const saving = this.#unsaved.next(new Date().toISOString());
    if (saving === null) return;
    this.#isSending = true;
    const { id } = this;
    try {
      const answer = await api.put<FormAnswer>(`/api/incidents/drafts/${id}`, saving);
      if (id === this.id) this.#acknowledge(saving, answer);
    } catch (failed) {
      this.failure = sentence(failed);
      const isRefused = failed instanceof ApiError && !failed.isAway;
      if (!isRefused) this.#soon(AGAIN_MS);
    } finally {
      this.#isSending = false;
      for (const done of this.#done.splice(0)) done();
    }
    if (this.#unsaved.size > 0 && this.failure === null) this.#soon(SOON_MS);
  }

  #acknowledge(saving: Saving, answer: FormAnswer): void {
    this.#unsaved.acknowledge(saving);
    this.failure = null;
    this.isBegun = true;
    this.isSaved = this.#unsaved.size === 0;
    this.savedAt = now.ms();
    this.area = answer.area;
    this.#take(answer);
    this.#keep();
  }

  /** What the server knows goes into every field but those that wait to be saved. */
  #take(answer: Pick<FormAnswer, "state" | "number" | "priority" | "missing" | "area" | "fields">): void {
    this.isBegun = true;
    this.state = answer.state;
    this.number = answer.number;
    this.priority = answer.priority;
    this.missing = answer.missing;
    this.area = answer.area;
    for (const [name, { value }] of Object.entries(answer.fields)) this.#show(name, value);
  }

  #hear(body: TypingEvent): void {
    if (body.id !== this.id || body.writer === this.#unsaved.writer) return;
    this.state = body.state;
    for (const [name, value] of Object.entries(body.fields)) this.#show(name, value);
    // Text that is personal is told to nobody who listens: it is read.
    if (body.more.length > 0) void this.open(this.id);
  }

  #show(name: string, value: unknown): void {
    if (!this.#unsaved.has(name)) this.values[name] = value;
  }

  #keep(): void {
    try {
      if (this.#unsaved.size === 0) localStorage.removeItem(KEPT);
      else localStorage.setItem(KEPT, JSON.stringify({ id: this.id, ...this.#unsaved.kept() }));
    } catch {
      // A full or forbidden store: what was typed is sent from memory, as long as the page is open.
    }
  }
}
