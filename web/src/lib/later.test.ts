import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { Later } from "./later.svelte";

const PUT = { method: "put", path: "/api/incidents/drafts/a", body: { revision: 1 } } as const;
const POST = { method: "post", path: "/api/incidents/a/calls", body: { call_id: "c" } } as const;

let answers: number[] = [];
let asked: string[] = [];

class Store {
  #kept = new Map<string, string>();
  getItem = (name: string): string | null => this.#kept.get(name) ?? null;
  setItem = (name: string, value: string): void => void this.#kept.set(name, value);
  removeItem = (name: string): void => void this.#kept.delete(name);
  get size(): number {
    return this.#kept.size;
  }
}
let store: Store;

beforeEach(() => {
  vi.useFakeTimers();
  [answers, asked, store] = [[], [], new Store()];
  vi.stubGlobal("localStorage", store);
  vi.stubGlobal("location", { origin: "https://ops.example" });
  vi.stubGlobal(
    "fetch",
    vi.fn((url: string | URL, init?: RequestInit) => {
      asked.push(`${init?.method ?? "GET"} ${new URL(url, "https://ops.example").pathname}`);
      const status = answers.shift() ?? 204;
      return Promise.resolve(status === 204 ? new Response(null, { status }) : Response.json({ code: "x", detail: "x", params: {} }, { status }));
    }),
  );
});
afterEach(() => {
  vi.useRealTimers();
  vi.unstubAllGlobals();
});

async function begun(person = "p"): Promise<Later> {
  const made = new Later();
  made.start(person);
  await vi.advanceTimersByTimeAsync(0);
  return made;
}

const pass = (ms: number): Promise<unknown> => vi.advanceTimersByTimeAsync(ms);

describe("deeds that wait for the server", () => {
  it("are done at once and in their order while it is there", async () => {
    const later = await begun();
    later.add(PUT);
    later.add(POST);
    await pass(10);
    expect(asked).toEqual(["PUT /api/incidents/drafts/a", "POST /api/incidents/a/calls"]);
    expect(later.waiting).toEqual([]);
    expect(store.size).toBe(0);
  });

  it("wait for one that is away, none passing another", async () => {
    answers = [503, 503, 204, 204];
    const later = await begun();
    later.add(PUT);
    later.add(POST);
    await pass(10);
    expect(later.waiting).toHaveLength(2);
    await pass(10_000);
    expect(asked).toEqual(["PUT /api/incidents/drafts/a", "PUT /api/incidents/drafts/a", "PUT /api/incidents/drafts/a", "POST /api/incidents/a/calls"]);
    expect(later.waiting).toEqual([]);
  });

  it("are tried again for a while where the server does not know yet of what they are about", async () => {
    answers = [404, 204];
    const later = await begun();
    later.add(POST);
    await pass(3_000);
    expect(asked).toHaveLength(2);
    answers = Array<number>(100).fill(404);
    later.add(POST);
    await pass(200_000);
    expect(asked).toHaveLength(2 + 30);
    expect(later.waiting).toEqual([]);
  });

  it("wait as well for a session to be renewed and for a server that fails, and may take something away", async () => {
    answers = [401, 500, 429, 204];
    const later = await begun();
    later.add({ method: "remove", path: "/api/dispatch/duty/outage" });
    await pass(10_000);
    expect(asked).toEqual(Array(4).fill("DELETE /api/dispatch/duty/outage"));
    expect(later.waiting).toEqual([]);
  });

  it("that are refused hold nothing up", async () => {
    answers = [409, 204];
    const later = await begun();
    later.add(PUT);
    later.add(POST);
    await pass(10);
    expect(asked).toHaveLength(2);
    expect(later.waiting).toEqual([]);
  });

  it("are taken up by the next page of the same person alone", async () => {
    answers = Array<number>(3).fill(503);
    const first = await begun();
    first.add(PUT);
    await pass(10);
    first.stop();
    answers = [];
    asked = [];
    await begun("somebody else");
    await pass(5_000);
    expect(asked).toEqual([]);
    const again = await begun();
    await pass(10);
    expect(asked).toEqual(["PUT /api/incidents/drafts/a"]);
    expect(again.waiting).toEqual([]);
  });
});
