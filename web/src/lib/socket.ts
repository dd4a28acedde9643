/**
 * One WebSocket per tab for everything that moves. Topics share it, and after a break it takes up
 * again behind the last event seen; what the server no longer holds is told as a reset, on which
 * the listener fetches its state anew.
 */

export interface Event<Body = unknown> {
  topic: string;
  /** Where it stands in the order of all events. */
  id: string;
  at: string;
  body: Body;
}

export interface Listener<Body = unknown> {
  event: (event: Event<Body>) => void;
  /** The thread of events is broken: fetch the whole state again. */
  reset?: () => void;
}

export type LinkState = "connecting" | "open" | "lost";

type Message =
  | { type: "hello"; id: string; now: string }
  | ({ type: "event" } & Event)
  | { type: "reset"; topic: string }
  | { type: "ping"; now: string };

/** The parts of a WebSocket that are used here, so that a test can stand in for one. */
export interface Wire {
  send(text: string): void;
  close(): void;
  onopen: (() => void) | null;
  onmessage: ((message: { data: unknown }) => void) | null;
  onclose: ((event: { code: number }) => void) | null;
}

/** The server pings every 5 s; two and a half of them unheard mean that the link is lost. */
const SILENCE_MS = 12_500;
/** The server closes with this code when the session has ended. */
const SESSION_ENDED = 4401;
const WAIT_MS = [500, 1_000, 2_000, 4_000, 8_000, 15_000];

/** Says how long to wait before try number `attempt`, spread so that not all tabs come at once. */
export function backoff(attempt: number, random: () => number = Math.random): number {
  const wait = WAIT_MS[Math.min(attempt, WAIT_MS.length - 1)] ?? 15_000;
  return Math.round(wait * (0.75 + random() * 0.5));
}

export class Socket {
  #open: () => Wire;
  #wire: Wire | null = null;
  #listeners = new Map<string, Set<Listener>>();
  #lastId: string | null = null;
  #attempt = 0;
  #retry: ReturnType<typeof setTimeout> | undefined;
  #silence: ReturnType<typeof setTimeout> | undefined;
  #wanted = false;
  #subscribing = false;
  #greeted = false;

  /** Told on every change of the link and on every message with the server's clock. */
  onlink: (state: LinkState) => void = () => undefined;
  onheard: (serverNow: string | null) => void = () => undefined;
  /** Told when the link could not be kept, since the session may be over. */
  onrefused: () => void = () => undefined;

  constructor(open: () => Wire) {
    this.#open = open;
  }

  /** Connects and stays connected until `stop`. */
  start(): void {
    if (this.#wanted) return;
    this.#wanted = true;
    this.#connect();
  }

  /** Closes the link for good and forgets where the events stood. */
  stop(): void {
    this.#wanted = false;
    clearTimeout(this.#retry);
    clearTimeout(this.#silence);
    this.#lastId = null;
    this.#drop();
    this.onlink("connecting");
  }

  /** Listens to a topic; the answer stops it again. */
  listen<Body>(topic: string, listener: Listener<Body>): () => void {
    const known = this.#listeners.get(topic) ?? new Set<Listener>();
    const isNew = known.size === 0;
    known.add(listener as Listener);
    this.#listeners.set(topic, known);
    if (isNew && this.#greeted) this.#subscribeSoon();
    return () => {
      known.delete(listener as Listener);
      if (known.size === 0 && this.#listeners.get(topic) === known) this.#listeners.delete(topic);
    };
  }

  #connect(): void {
    this.onlink(this.#attempt === 0 ? "connecting" : "lost");
    const wire = this.#open();
    this.#wire = wire;
    wire.onopen = () => {
      this.#greeted = true;
      this.#subscribe();
      this.#watchSilence();
    };
    wire.onmessage = (message) => this.#take(message.data);
    wire.onclose = ({ code }) => {
      if (this.#wire !== wire) return;
      // A second try in a row that fails may be refused for the same reason.
      if (code === SESSION_ENDED || this.#attempt > 0) this.onrefused();
      this.#lose();
    };
    this.#watchSilence();
  }

  #take(data: unknown): void {
    let message: Message;
    try {
      message = JSON.parse(String(data)) as Message;
    } catch {
      return;
    }
    this.#watchSilence();
    this.#attempt = 0;
    this.onlink("open");
    this.onheard("now" in message ? message.now : null);
    if (message.type === "event") this.#deliver(message);
    else if (message.type === "reset") this.#reset(message.topic);
    else if (message.type === "hello" && this.#lastId === null) this.#begin(message.id);
  }

  /** The first greeting: whatever was fetched before it may have missed an event. */
  #begin(id: string): void {
    this.#lastId = id;
    for (const topic of this.#listeners.keys()) this.#reset(topic);
  }

  #deliver(event: Event): void {
    this.#lastId = event.id;
    for (const listener of this.#listeners.get(event.topic) ?? []) listener.event(event);
  }

  #reset(topic: string): void {
    for (const listener of this.#listeners.get(topic) ?? []) listener.reset?.();
  }

  #subscribeSoon(): void {
    if (this.#subscribing) return;
    this.#subscribing = true;
    queueMicrotask(() => {
      this.#subscribing = false;
      if (this.#greeted) this.#subscribe();
    });
  }

  #subscribe(): void {
    const topics = [...this.#listeners.keys()].sort();
    this.#wire?.send(JSON.stringify({ op: "subscribe", topics, after: this.#lastId }));
  }

  #watchSilence(): void {
    clearTimeout(this.#silence);
    this.#silence = setTimeout(() => this.#lose(), SILENCE_MS);
  }

  #lose(): void {
    this.#drop();
    if (!this.#wanted) return;
    this.onlink("lost");
    clearTimeout(this.#retry);
    this.#retry = setTimeout(() => this.#connect(), backoff(this.#attempt));
    this.#attempt += 1;
  }

  #drop(): void {
    clearTimeout(this.#silence);
    this.#greeted = false;
    const wire = this.#wire;
    this.#wire = null;
    if (wire === null) return;
    wire.onopen = null;
    wire.onmessage = null;
    wire.onclose = null;
    wire.close();
  }
}

function openWebSocket(): Wire {
  const scheme = location.protocol === "https:" ? "wss:" : "ws:";
  return new WebSocket(`${scheme}//${location.host}/ws`) as unknown as Wire;
}

/** The tab's one link. */
export const socket = new Socket(openWebSocket);
