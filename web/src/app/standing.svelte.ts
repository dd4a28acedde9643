/** How the whole product stands: storage and the audit seal, asked now and then for the foot. */
import { api } from "$lib/api";
import { session } from "$lib/session.svelte";

export interface Disk {
  path_label: string;
  bytes: number;
  quota_bytes: number;
  oldest_at: string | null;
  state: string;
}

export interface Storage {
  disks: Disk[];
  days: number | null;
  recording: number;
  simulated_quota: boolean;
}

/** A place that takes copies of the audit's heads. */
export interface Anchor {
  target: string;
  kind: string;
  line: number;
  anchored_at: string | null;
  failing_since: string | null;
  problem: string | null;
}

export interface Seal {
  verified_at: string | null;
  rows: number;
  intact: boolean | null;
  head: string | null;
  anchored_at: string | null;
  anchors?: Anchor[];
}

const AGAIN_MS = 30_000;

async function orNull<Answer>(asked: Promise<Answer>): Promise<Answer | null> {
  try {
    return await asked;
  } catch {
    // The foot then says that it does not know; whoever needs more has a page for it.
    return null;
  }
}

class Standing {
  storage = $state.raw<Storage | null>(null);
  seal = $state.raw<Seal | null>(null);

  /** Asks now and every half minute, until the answer is called. */
  watch(): () => void {
    void this.ask();
    const again = setInterval(() => void this.ask(), AGAIN_MS);
    return () => clearInterval(again);
  }

  async ask(): Promise<void> {
    const [storage, seal] = await Promise.all([
      session.may("recording:view") ? orNull(api.get<Storage>("/api/recordings/summary")) : null,
      session.may("audit:read") ? orNull(api.get<Seal>("/api/audit/seal")) : null,
    ]);
    this.storage = storage;
    this.seal = seal;
  }
}

export const standing = new Standing();
