/**
 * This browser as a seat of a control room. Its private key is made here and cannot be taken out:
 * WebCrypto keeps it, not extractable, in the browser's own store.
 */
import { api, ApiError } from "$lib/api";
import { t } from "$lib/t";

export interface Seat {
  id: string;
  name: string;
}

interface Kept extends Seat {
  key: CryptoKey;
}

const STORE = "seat";
const CURVE = { name: "ECDSA", namedCurve: "P-256" } as const;

function open(): Promise<IDBDatabase> {
  return new Promise((done, failed) => {
    const asked = indexedDB.open("warroom-seat", 1);
    asked.onupgradeneeded = () => asked.result.createObjectStore(STORE);
    asked.onsuccess = () => done(asked.result);
    asked.onerror = () => failed(asked.error ?? new Error("indexeddb"));
  });
}

async function inStore<Answer>(mode: IDBTransactionMode, work: (store: IDBObjectStore) => IDBRequest<Answer>): Promise<Answer> {
  const db = await open();
  try {
    return await new Promise<Answer>((done, failed) => {
      const asked = work(db.transaction(STORE, mode).objectStore(STORE));
      asked.onsuccess = () => done(asked.result);
      asked.onerror = () => failed(asked.error ?? new Error("indexeddb"));
    });
  } finally {
    db.close();
  }
}

const base64 = (bytes: ArrayBuffer): string => btoa(String.fromCharCode(...new Uint8Array(bytes)));

async function keptSeat(): Promise<Kept | null> {
  if (!window.isSecureContext || !("indexedDB" in window)) return null;
  try {
    return (await inStore<Kept | undefined>("readonly", (store) => store.get("this"))) ?? null;
  } catch {
    // A browser without a store (private window) is no seat, and people sign in all the same.
    return null;
  }
}

/** Makes this browser the seat of the code that an administrator was shown. */
export async function enrolSeat(code: string): Promise<Seat> {
  if (!window.isSecureContext) throw new ApiError(422, "seat", t("passkey.needs_https"));
  const pair = await crypto.subtle.generateKey(CURVE, false, ["sign", "verify"]);
  const publicKey = base64(await crypto.subtle.exportKey("spki", pair.publicKey));
  const seat = await api.post<Seat>("/api/seats/enrol", { code, public_key: publicKey });
  await inStore("readwrite", (store) => store.put({ ...seat, key: pair.privateKey }, "this"));
  return seat;
}

/** Shows the server that this is a seat, before somebody signs in; gives its name, or `null`. */
export async function showSeat(): Promise<string | null> {
  const seat = await keptSeat();
  if (seat === null) return null;
  try {
    const { challenge } = await api.post<{ challenge: string }>("/api/seats/challenge", {});
    const signed = new TextEncoder().encode(`warroom-seat-1:${challenge}`);
    const signature = base64(await crypto.subtle.sign({ name: "ECDSA", hash: "SHA-256" }, seat.key, signed));
    return (await api.post<{ name: string }>("/api/seats/pass", { seat_id: seat.id, challenge, signature })).name;
  } catch {
    // Revoked, or the server is away: whoever needs a seat is told so when they sign in.
    return null;
  }
}
