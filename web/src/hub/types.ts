/** Shapes of webhooks and of what was sent. */
import { isMessageKey, t } from "$lib/t";
import type { AgencyName } from "$lib/types";

export interface Webhook {
  id: string;
  name: string;
  url: string;
  kinds: string[];
  is_active: boolean;
  version: number;
  failures: number;
  paused_until: string | null;
  last_ok_at: string | null;
  lost: number;
  pending: number;
  parked: number;
  old_secret_until: string | null;
  agency: AgencyName | null;
  application: { id: string; name: string; is_active: boolean } | null;
}

export interface Delivery {
  id: string;
  kind: string;
  at: string;
  state: "pending" | "done" | "parked" | "withheld";
  tries: number;
  status: number | null;
  why: string | null;
  seconds: number | null;
}

/** What people call a kind of event; the bare word where no text is known. */
export function kindWord(kind: string): string {
  const key = `event.${kind.replace(".", "_")}`;
  return isMessageKey(key) ? t(key) : kind;
}
