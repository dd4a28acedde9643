/** Words for the kinds of agencies. */
import { isMessageKey, t } from "$lib/t";

/** What a kind is called. */
export function agencyKind(kind: string): string {
  const key = `agency_kind.${kind}`;
  return isMessageKey(key) ? t(key) : kind;
}
