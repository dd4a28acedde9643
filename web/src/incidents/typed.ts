/**
 * What was typed into a form and is not acknowledged yet. Pure: who keeps and sends it is
 * `form.svelte.ts`. A field that is typed into while it is being sent is sent again.
 */

export interface Typed {
  value: unknown;
  /** By the clock of this machine, ISO. */
  at: string;
}

export interface Saving {
  writer: string;
  revision: number;
  sent_at: string;
  fields: Record<string, Typed>;
}

export class Unsaved {
  readonly writer: string;
  #revision: number;
  #fields = new Map<string, Typed>();

  constructor(writer: string, revision = 0, fields: Readonly<Record<string, Typed>> = {}) {
    this.writer = writer;
    this.#revision = revision;
    for (const [name, typed] of Object.entries(fields)) this.#fields.set(name, typed);
  }

  get size(): number {
    return this.#fields.size;
  }

  /** Says whether this field holds something that the server has not acknowledged. */
  has(name: string): boolean {
    return this.#fields.has(name);
  }

  type(name: string, value: unknown, at: string): void {
    this.#fields.set(name, { value, at });
  }

  /** All that waits, as one saving; null when nothing does. */
  next(sentAt: string): Saving | null {
    if (this.#fields.size === 0) return null;
    this.#revision += 1;
    return { writer: this.writer, revision: this.#revision, sent_at: sentAt, fields: Object.fromEntries(this.#fields) };
  }

  /** Forgets what a saving held, but for what was typed into since. */
  acknowledge(saving: Saving): void {
    for (const [name, typed] of Object.entries(saving.fields)) {
      if (this.#fields.get(name) === typed) this.#fields.delete(name);
    }
  }

  /** As it is kept on this machine until it is acknowledged. */
  kept(): { writer: string; revision: number; fields: Record<string, Typed> } {
    return { writer: this.writer, revision: this.#revision, fields: Object.fromEntries(this.#fields) };
  }
}

/** UUIDv7, so that drafts sort by when they were begun. */
export function newId(nowMs = Date.now(), random: Uint8Array = crypto.getRandomValues(new Uint8Array(10))): string {
  const head = Math.floor(nowMs).toString(16).padStart(12, "0");
  const bytes = [...random];
  bytes[0] = ((bytes[0] ?? 0) & 0x0f) | 0x70;
  bytes[2] = ((bytes[2] ?? 0) & 0x3f) | 0x80;
  const tail = bytes.map((byte) => byte.toString(16).padStart(2, "0")).join("");
  const hex = head + tail;
  return [hex.slice(0, 8), hex.slice(8, 12), hex.slice(12, 16), hex.slice(16, 20), hex.slice(20)].join("-");
}
