/** How the worker behind the phone page answers a request; pure. */

/** `page`: the network, else the kept page. `kept`: a file of this build. `network`: none of its business. */
export type Way = "page" | "kept" | "network";

/** What the server knows is never answered from here: what is old must not look new. */
export function wayOf(request: Pick<Request, "method" | "mode" | "url">, origin: string, files: ReadonlySet<string>): Way {
  const url = new URL(request.url);
  if (request.method !== "GET" || url.origin !== origin) return "network";
  if (request.mode === "navigate") return "page";
  return files.has(url.pathname) ? "kept" : "network";
}
