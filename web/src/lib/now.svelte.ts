/** The server's time, so that an age is right on a workstation whose own clock is wrong. */

class ServerNow {
  /** Milliseconds to add to this machine's clock. */
  #offsetMs = 0;
  #known = false;
  /** Changes once a second; a template that reads it shows living ages. */
  tick = $state(Date.now());

  constructor() {
    if (typeof window !== "undefined") setInterval(() => (this.tick = this.ms()), 1_000);
  }

  /** How far the server's clock is ahead of this machine's, in milliseconds. */
  get ahead(): number {
    return this.#offsetMs;
  }

  /** The present moment in the server's milliseconds. */
  ms(): number {
    return Date.now() + this.#offsetMs;
  }

  /** Takes the server's time as just heard; small corrections are smoothed against network delay. */
  hear(serverNow: string): void {
    const heard = Date.parse(serverNow) - Date.now();
    if (Number.isNaN(heard)) return;
    const far = !this.#known || Math.abs(heard - this.#offsetMs) > 2_000;
    this.#offsetMs = far ? heard : this.#offsetMs + (heard - this.#offsetMs) / 8;
    this.#known = true;
    if (far) this.tick = this.ms();
  }
}

export const now = new ServerNow();
