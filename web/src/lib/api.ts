/** Asks the server over HTTP. Every failure is an `ApiError` that can be shown as it is. */
import { language } from "./language.svelte";
import { t, tOr } from "./t";
import type { Problem } from "./types";

/** A request that failed: `code` names why, `message` says it in the language of the page. */
export class ApiError extends Error {
  readonly status: number;
  readonly code: string;
  readonly params: Readonly<Record<string, string | number>>;

  constructor(status: number, code: string, message: string, params: Problem["params"] = {}) {
    super(message);
    this.name = "ApiError";
    this.status = status;
    this.code = code;
    this.params = params;
  }

  /** True when the server was not reached at all, or answered that it cannot serve now. */
  get isAway(): boolean {
    return this.status === 0 || this.status >= 502;
  }
}

/** The network is away, or whoever answered is not our server, or the session must be renewed first. */
export function isGap(failed: unknown): boolean {
  if (failed instanceof ApiError) return failed.isAway || [401, 408, 429, 500].includes(failed.status) || failed.code.startsWith("http.");
  return failed instanceof DOMException || failed instanceof TypeError || failed instanceof SyntaxError;
}

/** Called when the server no longer knows the session; the session module sets it. */
export const whenSignedOut = { call: (): void => undefined };

/** Called when the server wants proof of who sits here; true when it was given. */
export const whenProofNeeded = { call: (ways: string): Promise<boolean> => Promise.resolve(ways === "") };

export interface Ask {
  method?: "GET" | "POST" | "PATCH" | "PUT" | "DELETE";
  query?: Readonly<Record<string, string | number | boolean | null | undefined>>;
  /** Sent as JSON unless it is text or a blob, which go as they are with `type`. */
  body?: unknown;
  type?: string;
  signal?: AbortSignal;
}

/** Puts a path and its query together; empty values are left out. */
export function address(path: string, query: Ask["query"]): string {
  const search = new URLSearchParams();
  for (const [name, value] of Object.entries(query ?? {})) {
    if (value !== null && value !== undefined && value !== "") search.set(name, String(value));
  }
  const text = search.toString();
  return text === "" ? path : `${path}?${text}`;
}

function problemMessage(problem: Problem, status: number): string {
  if (problem.code !== undefined) {
    const general = status >= 500 ? "error.internal" : "error.invalid";
    const key = `error.${problem.code}`;
    const said = tOr(key, general, problem.params);
    return said === t(general) && problem.detail ? problem.detail : said;
  }
  if (status === 404) return t("error.not_found");
  if (status === 401) return t("error.unauthenticated");
  return status >= 500 ? t("error.unavailable") : t("error.invalid");
}

async function failure(response: Response): Promise<ApiError> {
  let problem: Problem = {};
  try {
    problem = (await response.json()) as Problem;
  } catch {
    // A proxy's own page is not JSON; the status alone must do.
  }
  const message = problemMessage(problem, response.status);
  return new ApiError(response.status, problem.code ?? `http.${response.status}`, message, problem.params);
}

/** Sends a request and gives the raw answer; throws `ApiError` for every status that is not 2xx. */
export async function send(path: string, ask: Ask = {}): Promise<Response> {
  const headers = new Headers({ "X-Warroom": "1", "Accept-Language": language.current });
  let body: BodyInit | undefined;
  if (ask.body !== undefined) {
    const raw = typeof ask.body === "string" || ask.body instanceof Blob;
    body = raw ? (ask.body as BodyInit) : JSON.stringify(ask.body);
    headers.set("Content-Type", ask.type ?? "application/json");
  }
  const init: RequestInit = { method: ask.method ?? "GET", headers, credentials: "same-origin" };
  if (body !== undefined) init.body = body;
  if (ask.signal !== undefined) init.signal = ask.signal;
  let response: Response;
  try {
    response = await fetch(address(path, ask.query), init);
  } catch (cause) {
    if (cause instanceof DOMException && cause.name === "AbortError") throw cause;
    throw new ApiError(0, "link.lost", t("error.link_lost"));
  }
  if (response.ok) return response;
  if (response.status === 401 && !path.startsWith("/api/session")) whenSignedOut.call();
  const failed = await failure(response);
  const isUnproven = failed.code === "identity.prove_it";
  if (isUnproven && (await whenProofNeeded.call(String(failed.params["ways"] ?? "")))) return send(path, ask);
  throw failed;
}

/** Sends a request and reads the JSON of the answer; `undefined` for 204. */
export async function ask<Answer>(path: string, request: Ask = {}): Promise<Answer> {
  const response = await send(path, request);
  if (response.status === 204) return undefined as Answer;
  return (await response.json()) as Answer;
}

export const api = {
  get: <Answer>(path: string, query?: Ask["query"], signal?: AbortSignal): Promise<Answer> =>
    ask<Answer>(path, { ...(query && { query }), ...(signal && { signal }) }),
  post: <Answer>(path: string, body?: unknown): Promise<Answer> => ask<Answer>(path, { method: "POST", body }),
  put: <Answer>(path: string, body: unknown): Promise<Answer> => ask<Answer>(path, { method: "PUT", body }),
  patch: <Answer>(path: string, body: unknown): Promise<Answer> => ask<Answer>(path, { method: "PATCH", body }),
  remove: (path: string): Promise<void> => ask<undefined>(path, { method: "DELETE" }),
};

/** Says any failure as one sentence. */
export function sentence(failed: unknown): string {
  return failed instanceof ApiError ? failed.message : t("error.page");
}
