/** The address bar: pages and the state in the query are both part of an address that can be sent. */

import { untrack } from "svelte";

class Router {
  path = $state(typeof location === "undefined" ? "/" : location.pathname);
  /** The query of the address; change it with `setQuery`. */
  query = $state.raw(new URLSearchParams(typeof location === "undefined" ? "" : location.search));

  constructor() {
    if (typeof window !== "undefined") window.addEventListener("popstate", () => this.#read());
  }

  /** Opens an address of this page. */
  go(address: string, { replace = false } = {}): void {
    if (replace) history.replaceState(null, "", address);
    else history.pushState(null, "", address);
    this.#read();
  }

  /** Changes parts of the query without a step in the history; null takes one away. */
  setQuery(changes: Readonly<Record<string, string | null>>): void {
    // Untracked, since an effect that writes the address must not wait for it.
    const next = new URLSearchParams(untrack(() => this.query));
    for (const [name, value] of Object.entries(changes)) {
      if (value === null || value === "") next.delete(name);
      else next.set(name, value);
    }
    const text = next.toString();
    const path = untrack(() => this.path);
    this.go(text === "" ? path : `${path}?${text}`, { replace: true });
  }

  /** Follows an ordinary click on a link of this site without loading the page again. */
  follow(event: MouseEvent): void {
    if (event.defaultPrevented || event.button !== 0) return;
    if (event.metaKey || event.ctrlKey || event.shiftKey || event.altKey) return;
    const link = (event.target as Element | null)?.closest("a[href]");
    if (!(link instanceof HTMLAnchorElement) || link.target !== "" || link.hasAttribute("download")) return;
    if (link.origin !== location.origin || link.pathname.startsWith("/api/")) return;
    event.preventDefault();
    this.go(link.pathname + link.search + link.hash);
  }

  #read(): void {
    this.path = location.pathname;
    this.query = new URLSearchParams(location.search);
  }
}

export const router = new Router();
