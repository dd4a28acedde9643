/**
 * Behind the phone page alone (its scope is `/tugas`): keeps the files that the page is made of, so
 * that it opens without network. It never keeps an answer of the server. The build writes in which
 * files those are and the version that they make.
 */
import { wayOf } from "./rules";

interface Waiting extends globalThis.Event {
  waitUntil(done: Promise<unknown>): void;
}
interface Fetched extends Waiting {
  request: Request;
  respondWith(answer: Promise<Response>): void;
}
interface Worker {
  location: Location;
  clients: { claim(): Promise<void> };
  skipWaiting(): Promise<void>;
  addEventListener(name: "install" | "activate", call: (event: Waiting) => void): void;
  addEventListener(name: "fetch", call: (event: Fetched) => void): void;
}

const worker = self as unknown as Worker;
const VERSION = "__VERSION__";
const FILES: readonly string[] = JSON.parse("__FILES__") as string[];
const PAGE = "/index.html";
const PREFIX = "warroom-phone-";
const NAME = `${PREFIX}${VERSION}`;
/** Longer than this a page is not waited for: the kept one opens, and says what it does not know. */
const WAIT_MS = 4_000;

const files = new Set(FILES);

async function keepFiles(): Promise<void> {
  const cache = await caches.open(NAME);
  await cache.addAll(FILES.map((path) => new Request(path, { cache: "reload" })));
  await worker.skipWaiting();
}

async function dropOthers(): Promise<void> {
  const names = await caches.keys();
  await Promise.all(names.filter((name) => name.startsWith(PREFIX) && name !== NAME).map((name) => caches.delete(name)));
  await worker.clients.claim();
}

async function kept(path: string, request: Request): Promise<Response> {
  const cache = await caches.open(NAME);
  return (await cache.match(path)) ?? fetch(request);
}

async function page(request: Request): Promise<Response> {
  try {
    const answer = await fetch(request, { signal: AbortSignal.timeout(WAIT_MS) });
    // A gateway whose server is away has a page of its own.
    return answer.status < 502 ? answer : await kept(PAGE, request);
  } catch {
    return kept(PAGE, request);
  }
}

worker.addEventListener("install", (event) => event.waitUntil(keepFiles()));
worker.addEventListener("activate", (event) => event.waitUntil(dropOthers()));
worker.addEventListener("fetch", (event) => {
  const way = wayOf(event.request, worker.location.origin, files);
  if (way === "page") event.respondWith(page(event.request));
  else if (way === "kept") event.respondWith(kept(new URL(event.request.url).pathname, event.request));
});
