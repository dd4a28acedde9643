/** What somebody must do by law or rule and is late, or next in turn: told among the alarms. Pure. */

export interface OverdueCase {
  kind: "case" | "breach";
  id: string;
  number: string;
  due_at: string;
}

export interface Unreviewed {
  id: string;
  number: string;
  due_at: string;
  agency_label: string;
  owner_label: string;
}

export interface Duty {
  key: string;
  kind: "case" | "breach" | "emergency";
  number: string;
  due: string;
  href: string;
  /** Whose access it was, of an emergency. */
  agency: string;
}

/** The one list, by deadline. */
export function merge(overdue: readonly OverdueCase[], unreviewed: readonly Unreviewed[]): Duty[] {
  const cases = overdue.map(({ kind, id, number, due_at }): Duty => ({ key: id, kind, number, due: due_at, agency: "", href: `/admin/privasi?tampil=${kind === "case" ? "cases" : "breaches"}&id=${id}` }));
  const emergencies = unreviewed.map(({ id, number, due_at, agency_label }): Duty => ({ key: id, kind: "emergency", number, due: due_at, agency: agency_label, href: `/admin/darurat?id=${id}` }));
  return [...cases, ...emergencies].sort((a, b) => a.due.localeCompare(b.due) || a.number.localeCompare(b.number));
}

/** Whether its time is over; before that it is a warning. */
export function isPast({ due }: Duty, nowMs: number): boolean {
  return Date.parse(due) <= nowMs;
}
