/** The open alarms of recording that this person may know of: fetched once and kept by events. */
import { fold, type Alarm } from "./alarms";
import { api } from "$lib/api";
import { socket } from "$lib/socket";

class Alarms {
  #open = $state.raw<ReadonlyMap<string, Alarm>>(new Map());
  loaded = $state(false);
  failed = $state(false);

  causes = $derived(fold([...this.#open.values()]));
  count = $derived(this.#open.size);
  /** Whether one of them is more than a warning. */
  isUrgent = $derived([...this.#open.values()].some(({ level }) => level === "alarm"));

  /** Keeps the list until the answer is called. */
  watch(): () => void {
    const stop = socket.listen<Alarm & { change: string }>("recording.alarm", {
      event: ({ body: { change, ...alarm } }) => this.#take(alarm, change),
      reset: () => void this.refetch(),
    });
    void this.refetch();
    return () => {
      stop();
      this.#open = new Map();
      this.loaded = false;
    };
  }

  async refetch(): Promise<void> {
    try {
      const { items } = await api.get<{ items: Alarm[] }>("/api/recording/alarms");
      this.#open = new Map(items.map((alarm) => [alarm.id, alarm]));
      this.loaded = true;
      this.failed = false;
    } catch {
      this.failed = true;
    }
  }

  #take(alarm: Alarm, change: string): void {
    const next = new Map(this.#open);
    if (change === "cleared") next.delete(alarm.id);
    else next.set(alarm.id, alarm);
    this.#open = next;
  }
}

export const alarms = new Alarms();
