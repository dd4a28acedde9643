/** Who sits here and what they may do. */
import { api, ApiError, whenSignedOut } from "./api";
import { setZone } from "./format";
import { forget, keep, recall } from "./kept";
import { language, type Language } from "./language.svelte";
import { later } from "./later.svelte";
import { now } from "./now.svelte";
import { socket } from "./socket";
import type { Session } from "./types";
import type { Asked, Second } from "../identity/types";

export type Standing = "asking" | "out" | "in" | "away";

/** Pages that open while the server is away, as the session was known last, for who may do this: what they show says its age itself. */
const OPENS_AWAY: Readonly<Record<string, string>> = { "/tugas": "dispatch:act", "/112": "call:take" };

/** Says whether a list of action words, which may hold `*` and `camera:*`, covers `action`. */
export function covers(actions: readonly string[], action: string): boolean {
  const kind = `${action.split(":")[0]}:*`;
  return actions.some((word) => word === action || word === "*" || word === kind);
}

class PageSession {
  standing = $state<Standing>("asking");
  current = $state.raw<Session | null>(null);
  /** The server did not answer yet: this is who sat here last. */
  isKept = $state(false);

  constructor() {
    whenSignedOut.call = () => this.#leave();
    socket.onrefused = () => void this.#recheck();
  }

  /** True when this person may do `action` somewhere at all. */
  may(action: string): boolean {
    return this.current !== null && covers(this.current.actions, action);
  }

  /** Reads anew what this person may do: a factor was added, a right came or went. */
  async renew(): Promise<void> {
    this.#enter(await api.get<Session>("/api/session"));
  }

  /** Asks the server who sits here. */
  async load(): Promise<void> {
    try {
      this.#enter(await api.get<Session>("/api/session"));
    } catch (failed) {
      if (!(failed instanceof ApiError && failed.isAway)) this.#leave();
      else if (!this.isKept) this.#stayAway();
    }
  }

  #stayAway(): void {
    const needed = OPENS_AWAY[location.pathname];
    const kept = needed === undefined ? null : recall<Session>("session");
    if (needed === undefined || kept === null || !covers(kept.actions, needed)) {
      this.standing = "away";
      return;
    }
    this.#show(kept);
    this.isKept = true;
  }

  /** Signs in by a password; gives the second step where one is asked for. */
  async signIn(login: string, password: string): Promise<Second | null> {
    const answer = await api.post<Session | { second: Second }>("/api/session", { login, password });
    if ("second" in answer) return answer.second;
    this.#enter(answer);
    return null;
  }

  async finishByCode(ticket: string, way: "totp" | "recovery", code: string): Promise<void> {
    this.#enter(await api.post<Session>("/api/session/second", { ticket, way, code }));
  }

  /** Signs in by a passkey: of anybody, or of whom a right password (`second`) stands for. */
  async signInByPasskey(show: (options: PublicKeyCredentialRequestOptionsJSON) => Promise<unknown>, second: string | null): Promise<void> {
    const asked = await api.post<Asked<PublicKeyCredentialRequestOptionsJSON>>("/api/session/passkey/options", { second });
    const credential = await show(asked.options);
    this.#enter(await api.post<Session>("/api/session/passkey", { ticket: asked.ticket, credential, second }));
  }

  async signInByLink(token: string): Promise<void> {
    this.#enter(await api.post<Session>("/api/session/link", { token }));
  }

  async signOut(): Promise<void> {
    // Whatever the provider's part comes to, the session here must end.
    const { sign_out_url: onward } = await api.get<{ sign_out_url: string | null }>("/api/sso/session").catch(() => ({ sign_out_url: null }));
    try {
      await api.remove("/api/session");
    } catch (failed) {
      // A session that is over already is what was asked for.
      if (!(failed instanceof ApiError && failed.status === 401)) throw failed;
    }
    this.#leave();
    // The provider by which they came in ends its own session, where it is set so.
    if (onward !== null) location.assign(onward);
  }

  /** Changes the language here at once, and for this person's next workstation as well. */
  async speak(chosen: Language): Promise<void> {
    language.set(chosen);
    if (this.standing === "in") await api.patch<unknown>("/api/session", { language: chosen });
  }

  async #recheck(): Promise<void> {
    try {
      await api.get<Session>("/api/session");
    } catch (failed) {
      // A server that is away says nothing about the session.
      if (failed instanceof ApiError && failed.status === 401) this.#leave();
    }
  }

  #enter(session: Session): void {
    now.hear(session.now);
    this.isKept = false;
    if (Object.values(OPENS_AWAY).some((needed) => covers(session.actions, needed))) keep("session", session);
    this.#show(session);
  }

  #show(session: Session): void {
    this.current = session;
    setZone(session.city.zone, session.city.zone_label);
    if (session.person.language !== null && session.city.languages.includes(session.person.language)) language.set(session.person.language);
    this.standing = "in";
    later.start(session.person.id);
    socket.start();
  }

  #leave(): void {
    forget();
    later.stop();
    this.isKept = false;
    this.current = null;
    this.standing = "out";
    socket.stop();
  }
}

export const session = new PageSession();
