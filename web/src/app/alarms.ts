/** What an operator must know of recording at once, put in order and folded by cause. Pure. */

export type AlarmKind =
  | "camera_bitrate"
  | "camera_not_recorded"
  | "disk_error"
  | "disk_full"
  | "disk_short"
  | "disk_slow"
  | "hold_ends"
  | "holds_fill_disk"
  | "holds_unknown"
  | "recorder_away";

export interface Alarm {
  id: string;
  kind: AlarmKind;
  level: "alarm" | "warning";
  since: string;
  node: string;
  disk: string;
  camera_id: string | null;
  number?: number;
  name?: string;
  reason?: string | null;
  cameras_losing?: number;
  held_percent?: number;
  holds?: number;
}

/** Alarms with one cause: a single one, or many cameras that fail for the same reason. */
export interface Cause {
  key: string;
  first: Alarm;
  alarms: readonly Alarm[];
}

/** Up to so many cameras of one cause stand each in a row of their own. */
const SINGLE_ROWS = 3;

/** Causes before what follows from them. */
const ORDER: readonly AlarmKind[] = [
  "recorder_away",
  "disk_error",
  "disk_full",
  "camera_not_recorded",
  "camera_bitrate",
  "holds_fill_disk",
  "disk_slow",
  "disk_short",
  "holds_unknown",
  "hold_ends",
];

/** Alarms before warnings, causes before their effects, the newest first; many cameras of one reason in one. */
export function fold(alarms: readonly Alarm[]): Cause[] {
  const byReason = new Map<string, Alarm[]>();
  for (const alarm of alarms) {
    const key = alarm.kind === "camera_not_recorded" ? `camera ${alarm.reason ?? ""}` : alarm.id;
    byReason.set(key, [...(byReason.get(key) ?? []), alarm]);
  }
  return [...byReason]
    .flatMap(([key, group]): Cause[] => {
      const sorted = group.sort((a, b) => b.since.localeCompare(a.since) || (a.number ?? 0) - (b.number ?? 0));
      if (sorted.length > SINGLE_ROWS && sorted[0] !== undefined) return [{ key, first: sorted[0], alarms: sorted }];
      return sorted.map((alarm) => ({ key: alarm.id, first: alarm, alarms: [alarm] }));
    })
    .sort((a, b) => rank(a.first) - rank(b.first) || b.first.since.localeCompare(a.first.since));
}

function rank({ level, kind }: Alarm): number {
  return (level === "alarm" ? 0 : ORDER.length) + ORDER.indexOf(kind);
}
