/** Shapes of handed over shifts. */

export interface HandedIncident {
  id: string;
  number: string | null;
  event: string;
  /** Of its type; absent in what was handed over before it was kept, null where it has none yet. */
  name?: { id: string; en: string } | null;
  address: string;
  area: string;
  state: string;
  priority: number | null;
  agencies: readonly string[];
  log_rows: number;
  log_sha256: string;
  /** Whether its log still holds what was handed over; null where it is not seen any more. */
  log_holds?: boolean | null;
}

export interface Handed {
  at: string;
  incidents: readonly HandedIncident[];
  units: readonly { name: string; state: string; since: string; task: string }[];
  calls: readonly { id: string; state: string; offered_at: string }[];
  outages: { edge: string; cameras: Readonly<Record<string, number>> };
}

export interface TakenOver {
  person: string | null;
  at: string;
}

export interface HandoverRow {
  id: string;
  written_at: string;
  written_by_name: string | null;
  taken_over: TakenOver | null;
}

export interface Handover extends HandoverRow {
  notes: string;
  sha256: string;
  content: Handed;
  items: readonly string[];
  reads: readonly { item: string; person_id: string; person: string | null; at: string }[];
  holds: boolean;
  is_own: boolean;
}

/** Who read an item, the first first. */
export const readersOf = (handover: Handover, item: string): readonly Handover["reads"][number][] => handover.reads.filter((read) => read.item === item);

/** What a person has still to read. */
export const leftFor = (handover: Handover, person: string): readonly string[] => handover.items.filter((item) => !readersOf(handover, item).some((read) => read.person_id === person));
