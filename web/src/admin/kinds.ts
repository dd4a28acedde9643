/** Kinds of agencies, in the order of a list. */
import { isMessageKey, t } from "$lib/t";

export const AGENCY_KINDS = ["city", "kecamatan", "skpd", "police", "prosecutor", "fire", "dishub", "puskesmas"] as const;

/** What a kind is called. */
export function agencyKind(kind: string): string {
  const key = `agency_kind.${kind}`;
  return isMessageKey(key) ? t(key) : kind;
}
