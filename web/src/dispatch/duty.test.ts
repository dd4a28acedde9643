import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { CrewDuty } from "./duty.svelte";
import { fit } from "./photos";
import { homeward, type Pressed } from "./queue";
import type { Duty, SentState } from "./types";

/** A question of the phone that a test answers when it likes. */
interface Asked {
  path: string;
  presses: Pressed[];
  answer: (body: unknown, status?: number) => Promise<void>;
  fail: () => Promise<void>;
  isGivenUp: () => boolean;
}

const asked: Asked[] = [];
const store = new Map<string, string>();

const dutyAt = (state: SentState): Duty => ({
  unit: null, signed_on_at: null, task: null,
  assignment: { id: "a", state, since: "", dispatched_at: "", on_scene_at: null },
});
const takes = ({ presses }: Asked): { items: { id: string; verdict: string; text: string }[] } => ({ items: presses.map(({ id }) => ({ id, verdict: "taken", text: "" })) });
const settled = (): Promise<void> => new Promise((resolve) => void setTimeout(resolve, 0));
const last = (): Asked => asked.at(-1) ?? (() => { throw new Error("nothing was asked"); })();

function fetched(path: string, { body, signal }: RequestInit): Promise<Response> {
  return new Promise((resolve, reject) => {
    signal?.addEventListener("abort", () => reject(new DOMException("", "AbortError")));
    asked.push({
      path,
      presses: typeof body === "string" ? (JSON.parse(body) as { items: Pressed[] }).items : [],
      answer: (content, status = 200) => (resolve(new Response(JSON.stringify(content), { status })), settled()),
      fail: () => (reject(new TypeError("no network")), settled()),
      isGivenUp: () => signal?.aborted ?? false,
    });
  });
}

/** A phone whose unit was sent to something. */
async function sentOut(): Promise<CrewDuty> {
  const phone = new CrewDuty();
  phone.watch("p");
  await settled();
  await last().answer(dutyAt("dispatched"));
  return phone;
}

describe("a crew's phone", () => {
  beforeEach(() => {
    asked.length = 0;
    store.clear();
    vi.stubGlobal("fetch", fetched);
    vi.stubGlobal("window", new EventTarget());
    vi.stubGlobal("localStorage", { getItem: (key: string) => store.get(key) ?? null, setItem: (key: string, text: string) => void store.set(key, text) });
  });
  afterEach(() => vi.unstubAllGlobals());

  it("never shows a step that was told as not told, while the duty is read anew", async () => {
    const phone = await sentOut();
    phone.press({ stamp: "accepted" });
    await settled();

    await last().answer(takes(last()));

    expect(last().path).toBe("/api/dispatch/duty");
    expect(phone.queue).toEqual([]);
    expect(phone.state).toBe("accepted");
    expect(JSON.parse(store.get("warroom.kept.duty.p") ?? "{}")).toMatchObject({ duty: dutyAt("accepted") });
  });

  it("is held up and goes on, and says neither where it makes no sense", async () => {
    const phone = await sentOut();
    phone.press({ stamp: "delayed", held: "train" });
    expect(phone.state).toBe("dispatched");
    phone.press({ stamp: "en_route" });
    phone.press({ stamp: "delayed", held: "train" });
    expect(phone.state).toBe("delayed");
    phone.press({ stamp: "en_route" });
    expect(phone.state).toBe("en_route");
  });

  it("says without network that it drives home and is there, of the task that is over", async () => {
    const phone = await sentOut();
    for (const stamp of ["accepted", "cleared", "returning", "returning", "in_quarters"] as const) phone.press({ stamp });

    expect(homeward(phone.current, phone.queue)).toEqual({ assignment: "a", at: "in_quarters" });
    await settled();
    const heard = last().presses.map(({ stamp }) => stamp);
    await last().answer(takes(last()));

    expect(heard).toEqual(["accepted", "cleared", "returning", "returning", "in_quarters"]);
    expect(phone.state).toBe("cleared");
    expect(homeward(phone.current, phone.queue)?.at).toBe("in_quarters");
  });

  it("drives home from the task that ended before, and from none that it does not know of", async () => {
    const ended = { number: "1", state: "cleared", ended_at: "", reason: "", assignment: "b", returning_at: null, in_quarters_at: null } as const;
    const phone = await sentOut();
    phone.current = { ...dutyAt("dispatched"), assignment: null };
    phone.press({ stamp: "returning" });
    expect(phone.queue).toEqual([]);

    phone.current = { ...phone.current, ended };
    phone.press({ stamp: "returning" });
    await settled();

    expect(last().path).toBe("/api/dispatch/assignments/b/stamps");
    await last().answer(takes(last()));
    expect(homeward(phone.current, phone.queue)?.at).toBe("returning");
  });

  it("lets no answer from before a press undo it", async () => {
    const phone = await sentOut();
    void phone.refetch();
    await settled();
    const old = last();

    phone.press({ stamp: "accepted" });
    await settled();
    await last().answer(takes(last()));
    await old.answer(dutyAt("dispatched"));

    expect(phone.state).toBe("accepted");
    expect(old.isGivenUp()).toBe(true);
  });

  it("sends a press at once, though a question or another press hangs", async () => {
    const phone = await sentOut();
    phone.press({ stamp: "accepted" });
    await settled();

    phone.press({ stamp: "duress" });
    await settled();

    expect(last().presses.map(({ stamp }) => stamp)).toEqual(["accepted", "duress"]);
    await last().answer(takes(last()));
    expect(phone.queue).toEqual([]);
    expect(phone.isAway).toBe(false);
  });

  it("sends one by one what is refused together, so that a call for help is heard", async () => {
    const phone = await sentOut();
    phone.press({ stamp: "declined", reason: "x".repeat(600) });
    await settled();
    phone.press({ stamp: "duress" });
    await settled();
    const refusal = { code: "invalid", detail: "no", params: {} };

    await last().answer(refusal, 422);
    expect(last().presses.map(({ stamp }) => stamp)).toEqual(["declined"]);
    await last().answer(refusal, 422);
    expect(last().presses.map(({ stamp }) => stamp)).toEqual(["duress"]);
    await last().answer(takes(last()));

    expect(phone.queue).toEqual([]);
    expect(phone.said.length).toBe(1);
  });

  it("asks one thing at a time, and once more when something changed meanwhile", async () => {
    const phone = await sentOut();
    const before = asked.length;

    void phone.refetch();
    void phone.refetch();
    void phone.refetch();
    await settled();
    expect(asked.length).toBe(before + 1);
    await last().answer(dutyAt("accepted"));
    expect(asked.length).toBe(before + 2);
    await last().answer(dutyAt("en_route"));

    expect(phone.state).toBe("en_route");
    expect(asked.length).toBe(before + 2);
  });

  it("keeps what was pressed without network, and where somebody else's page answers", async () => {
    const phone = await sentOut();
    phone.press({ stamp: "accepted" });
    await settled();
    await last().fail();
    expect([phone.isAway, phone.state, phone.queue.length]).toEqual([true, "accepted", 1]);

    phone.press({ stamp: "en_route" });
    await settled();
    await last().answer("sign in to this network", 403);
    expect([phone.isAway, phone.state, phone.queue.length]).toEqual([true, "en_route", 2]);
    expect(phone.said).toEqual([]);
  });

  it("opens with what was known last, its age, and what still waits", async () => {
    vi.useFakeTimers({ toFake: ["Date"], now: 1_000 });
    const before = await sentOut();
    vi.setSystemTime(61_000);
    before.press({ stamp: "accepted" });
    await settled();
    await last().fail();

    const phone = new CrewDuty();
    phone.watch("p");

    expect([phone.state, phone.heardAt, phone.queue.length, phone.loaded]).toEqual(["accepted", 1_000, 1, false]);
    expect(phone.queue[0]?.at).toBe("1970-01-01T00:01:01.000Z");
    vi.useRealTimers();
  });

  it("says how many photos wait, and takes none where the phone cannot keep it", async () => {
    const phone = await sentOut();

    expect(await phone.photograph(new Blob(["no picture"]))).toBe(false);

    expect(phone.photosWaiting).toBe(0);
    expect([fit(4000, 3000), fit(300, 200), fit(0, 0)]).toEqual([{ width: 1600, height: 1200 }, { width: 300, height: 200 }, { width: 1, height: 1 }]);
  });

  it("says where the browser keeps nothing", async () => {
    const phone = await sentOut();
    vi.stubGlobal("localStorage", { getItem: () => null, setItem: () => { throw new DOMException("", "QuotaExceededError"); } });

    phone.press({ stamp: "accepted" });

    expect([phone.isSafe, phone.state]).toEqual([false, "accepted"]);
  });

  it("says what was refused and does not count it", async () => {
    const phone = await sentOut();
    phone.press({ stamp: "accepted" });
    await settled();

    await last().answer({ items: last().presses.map(({ id }) => ({ id, verdict: "over", text: "Sudah selesai" })) });

    expect([phone.state, phone.queue.length, phone.said]).toEqual(["dispatched", 0, ["Sudah selesai"]]);
  });
});
