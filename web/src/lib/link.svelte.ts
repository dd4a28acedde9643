/** State and age of the tab's link to the server, for the foot of the page and for stale marks. */
import { now } from "./now.svelte";
import { socket, type LinkState } from "./socket";

class Link {
  state = $state<LinkState>("connecting");
  /** When the server was last heard, in this machine's milliseconds; null before the first time. */
  heardAt = $state<number | null>(null);
  lostAt = $state<number | null>(null);

  constructor() {
    socket.onlink = (state) => {
      if (state === "lost" && this.state !== "lost") this.lostAt = Date.now();
      if (state === "open") this.lostAt = null;
      this.state = state;
    };
    socket.onheard = (serverNow) => {
      this.heardAt = Date.now();
      if (serverNow !== null) now.hear(serverNow);
    };
  }

  /** Seconds since the server was last heard; null before the first time. */
  ageS(): number | null {
    void now.tick;
    return this.heardAt === null ? null : Math.max(0, (Date.now() - this.heardAt) / 1_000);
  }
}

export const link = new Link();
