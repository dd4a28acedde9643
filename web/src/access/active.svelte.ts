/** What emergency access is open now, of or to this person's agency: shown above every page. */
import { api } from "$lib/api";
import { socket } from "$lib/socket";

export interface ActiveEmergency {
  number: string;
  person_label: string;
  agency_label: string;
  owner_label: string;
  opened_at: string;
  ends_at: string;
}

class Active {
  items = $state.raw<ActiveEmergency[]>([]);

  /** Listens until the returned function is called. */
  watch(): () => void {
    void this.#load();
    return socket.listen("access.emergency", { event: () => void this.#load(), reset: () => void this.#load() });
  }

  /** Those that hold at an instant; the clock ends them without news. */
  at(nowMs: number): ActiveEmergency[] {
    return this.items.filter((one) => Date.parse(one.ends_at) > nowMs);
  }

  async #load(): Promise<void> {
    try {
      this.items = (await api.get<{ items: ActiveEmergency[] }>("/api/emergencies/active")).items;
    } catch {
      // The bar keeps what it knew; the foot says that the link is gone.
    }
  }
}

export const active = new Active();
