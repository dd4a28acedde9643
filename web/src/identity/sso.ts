/** What a provider's answer left in the address of the sign-in page. */
import type { Second } from "./types";
import { isMessageKey, t } from "$lib/t";

/** Why a sign-in elsewhere did not end well, as a sentence; null if nothing is told. */
export function ssoTrouble(code: string | null, provider: string | null): string | null {
  if (code === null) return null;
  const key = `error.${code}`;
  // Only texts of this sign-in: an address must not be able to make the page say anything else.
  const isOurs = code.startsWith("identity.sso_") || code === "identity.link_taken" || code === "identity.seat_required";
  return isOurs && isMessageKey(key) ? t(key, { provider: (provider ?? "SSO").slice(0, 120) }) : t("error.invalid");
}

/** The second step that is asked for after a provider, from the part behind `#`. */
export function ssoSecond(hash: string): Second | null {
  const told = new URLSearchParams(hash.replace(/^#/, ""));
  const ticket = told.get("langkah");
  if (ticket === null || ticket === "") return null;
  const ways = (told.get("cara") ?? "").split(",").filter((way): way is Second["ways"][number] => ["totp", "passkey", "recovery"].includes(way));
  return ways.length === 0 ? null : { ticket, ways, expires_at: "" };
}
