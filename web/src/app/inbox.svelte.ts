/** What waits for this person: requests to sign, emergencies and reviews to answer, privacy clocks that run. */
import { api } from "$lib/api";
import { session } from "$lib/session.svelte";
import { socket } from "$lib/socket";

interface Access {
  requests: number;
  emergencies: number;
  reviews: number;
}

interface Privacy {
  cases: number;
  breaches: number;
}

const TOPICS = [
  { topic: "access.changed", needs: "access:view" },
  { topic: "privacy.changed", needs: "privacy:answer" },
  { topic: "privacy.overdue", needs: "privacy:answer" },
] as const;

class Inbox {
  access = $state.raw<Access | null>(null);
  privacy = $state.raw<Privacy | null>(null);
  #asking = false;
  #again = false;

  /** How many wait at each section of Admin, by its address. */
  readonly counts = $derived<Readonly<Record<string, number>>>({
    "/admin/permohonan": this.access?.requests ?? 0,
    "/admin/darurat": this.access?.emergencies ?? 0,
    "/admin/tinjauan": this.access?.reviews ?? 0,
    "/admin/privasi": (this.privacy?.cases ?? 0) + (this.privacy?.breaches ?? 0),
  });
  readonly total = $derived(Object.values(this.counts).reduce((sum, count) => sum + count, 0));

  /** Asks now and whenever something changed, until the answer is called. */
  watch(): () => void {
    void this.ask();
    const listener = { event: () => void this.ask(), reset: () => void this.ask() };
    const stops = TOPICS.filter(({ needs }) => session.may(needs)).map(({ topic }) => socket.listen(topic, listener));
    return () => stops.forEach((stop) => stop());
  }

  /** Asks for the counts; what happens meanwhile is asked for once more afterwards. */
  async ask(): Promise<void> {
    this.#again = true;
    if (this.#asking) return;
    this.#asking = true;
    try {
      while (this.#again) {
        this.#again = false;
        [this.access, this.privacy] = await Promise.all([
          session.may("access:view") ? api.get<Access>("/api/requests/waiting") : null,
          session.may("privacy:answer") ? api.get<Privacy>("/api/privacy/waiting") : null,
        ]);
      }
    } catch {
      // The counts keep what they knew; the foot says that the link is gone, and its return asks again.
    } finally {
      this.#asking = false;
    }
  }
}

export const inbox = new Inbox();
