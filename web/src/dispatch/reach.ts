/** How soon kelurahan are reached, as the page counts and orders them. Pure. */

export interface WardTime {
  code: string;
  name: string;
  kecamatan: string;
  /** From the answer of a call that comes now; null is `why`. */
  seconds: number | null;
  unit: string | null;
  why: "none_free" | "off_road" | "no_way" | null;
}

export interface Reach {
  at: string;
  kind: string;
  free: number;
  limit_s: number;
  before_s: number;
  without_roads: boolean;
  items: WardTime[];
}

/** Within half of the limit, within it, beyond it, or nobody knows. */
export type ReachClass = "near" | "within" | "late" | "unknown";

export interface Standing {
  within: number;
  late: number;
  unknown: number;
  districts: { name: string; wards: (WardTime & { class: ReachClass })[] }[];
}

export function classOf(seconds: number | null, limitS: number): ReachClass {
  if (seconds === null) return "unknown";
  if (seconds > limitS) return "late";
  return seconds <= limitS / 2 ? "near" : "within";
}

/** Counts, and the kelurahan by kecamatan, the slowest first: who is reached last is seen first. */
export function standingOf({ items, limit_s }: Pick<Reach, "items" | "limit_s">): Standing {
  const wards = items.map((ward) => ({ ...ward, class: classOf(ward.seconds, limit_s) }));
  const slow = ({ seconds }: WardTime): number => seconds ?? Number.POSITIVE_INFINITY;
  const count = (...classes: ReachClass[]): number => wards.filter((ward) => classes.includes(ward.class)).length;
  const groups = new Map<string, (typeof wards)[number][]>();
  for (const ward of wards) groups.set(ward.kecamatan, [...(groups.get(ward.kecamatan) ?? []), ward]);
  const bySlowest = (a: WardTime, b: WardTime): number => (slow(a) === slow(b) ? a.name.localeCompare(b.name) : slow(b) > slow(a) ? 1 : -1);
  const districts = [...groups].map(([name, group]) => ({ name, wards: group.sort(bySlowest) }));
  districts.sort((a, b) => (a.wards[0] === undefined || b.wards[0] === undefined ? 0 : bySlowest(a.wards[0], b.wards[0])));
  return { within: count("near", "within"), late: count("late"), unknown: count("unknown"), districts };
}
