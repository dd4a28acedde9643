/** Passkeys in this browser: whether it can, and the two questions to `navigator.credentials`. */
import { ApiError } from "$lib/api";
import { t, type MessageKey } from "$lib/t";

/** Why this browser cannot use passkeys at this address; `null` when it can. */
export function passkeyObstacle(host = location.hostname, secure = window.isSecureContext): MessageKey | null {
  if (!secure) return "passkey.needs_https";
  // A number is no relying party (WebAuthn, section 5.1.2): a key would belong to no site.
  if (/^[\d.]+$/.test(host) || host.startsWith("[")) return "passkey.needs_name";
  const can = "PublicKeyCredential" in window && typeof PublicKeyCredential.parseRequestOptionsFromJSON === "function";
  return can ? null : "passkey.unsupported";
}

/** Has the browser make a passkey. */
export async function makePasskey(options: PublicKeyCredentialCreationOptionsJSON): Promise<unknown> {
  return ask(() => navigator.credentials.create({ publicKey: PublicKeyCredential.parseCreationOptionsFromJSON(options) }));
}

/** Has the browser sign with a passkey. */
export async function showPasskey(options: PublicKeyCredentialRequestOptionsJSON): Promise<unknown> {
  return ask(() => navigator.credentials.get({ publicKey: PublicKeyCredential.parseRequestOptionsFromJSON(options) }));
}

async function ask(question: () => Promise<Credential | null>): Promise<unknown> {
  try {
    const answer = await question();
    if (answer instanceof PublicKeyCredential) return answer.toJSON();
  } catch (failed) {
    const known = failed instanceof DOMException && failed.name === "InvalidStateError";
    throw new ApiError(422, "passkey.refused", t(known ? "passkey.known" : "passkey.cancelled"));
  }
  throw new ApiError(422, "passkey.refused", t("passkey.cancelled"));
}
