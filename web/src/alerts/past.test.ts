import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { PastAlerts } from "./past.svelte";

/** A question that a test answers when it likes. */
interface Asked {
  query: Record<string, string>;
  answer: (ids: string[], next: string | null) => Promise<void>;
  fail: () => Promise<void>;
}

const asked: Asked[] = [];
const settled = (): Promise<void> => new Promise((resolve) => void setTimeout(resolve, 0));
const last = (): Asked => asked.at(-1) ?? (() => { throw new Error("nothing was asked"); })();
const ids = (past: PastAlerts): string[] => past.items.map(({ id }) => id);

describe("past alerts", () => {
  beforeEach(() => {
    asked.length = 0;
    vi.stubGlobal("fetch", (path: string) =>
      new Promise<Response>((resolve) => {
        asked.push({
          query: Object.fromEntries(new URL(path, "http://x").searchParams),
          answer: (found, next) => (resolve(new Response(JSON.stringify({ items: found.map((id) => ({ id })), next }))), settled()),
          fail: () => (resolve(new Response("{}", { status: 503 })), settled()),
        });
      }),
    );
  });
  afterEach(() => vi.unstubAllGlobals());

  it("are read page by page behind the last one", async () => {
    const past = new PastAlerts();
    void past.look("");
    await last().answer(["c", "b"], "b");
    void past.more();

    expect(last().query).toEqual({ cursor: "b" });
    await last().answer(["a"], null);
    expect(ids(past)).toEqual(["c", "b", "a"]);
    expect(past.hasMore).toBe(false);
  });

  it("are read anew as far as they were read", async () => {
    const past = new PastAlerts();
    void past.look("hujan");
    await last().answer(["c", "b"], "b");
    void past.more();
    await last().answer(["a"], "a");
    void past.again();
    await last().answer(["d", "c"], "c");

    expect(ids(past)).toEqual(["c", "b", "a"]);
    await last().answer(["b", "a"], "a");
    expect(asked.map(({ query }) => query)).toEqual([{ q: "hujan" }, { q: "hujan", cursor: "b" }, { q: "hujan" }, { q: "hujan", cursor: "c" }]);
    expect(ids(past)).toEqual(["d", "c", "b", "a"]);
    expect(past.hasMore).toBe(true);
  });

  it("lose no press for older ones to news that come between", async () => {
    const past = new PastAlerts();
    void past.look("");
    await last().answer(["b"], "b");
    void past.more();
    void past.again();
    await last().answer(["b"], "b");
    await last().answer(["a"], null);

    expect(ids(past)).toEqual(["b", "a"]);
  });

  it("of other words take the place of those that come late", async () => {
    const past = new PastAlerts();
    void past.look("hujan");
    const late = last();
    void past.look("banjir");
    await last().answer(["flood"], null);
    await late.answer(["rain"], null);

    expect(ids(past)).toEqual(["flood"]);
  });

  it("stay where they cannot be read again, and say so", async () => {
    const past = new PastAlerts();
    void past.look("");
    await last().answer(["a"], null);
    void past.again();
    await last().fail();

    expect(ids(past)).toEqual(["a"]);
    expect(past.failure).not.toBeNull();
    void past.again();
    await last().answer([], null);
    expect(past.failure).toBeNull();
    expect(past.loaded).toBe(true);
  });
});
