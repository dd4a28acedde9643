import { expect, test, vi } from "vitest";
import { Answering, type Room } from "./answering";
import type { Call } from "./types";

const call = (id: string, more: Partial<Call> = {}): Call =>
  ({ id, channel: "phone", state: "offered", answered_at: null, agent_id: null, offered_at: "2026-11-24T06:00:00Z", nuisance: 0, live: null, ...more }) as Call;

/** A room in which the server knows `later`, and the page `now` until it reads it anew. */
function room(now: readonly Call[], later: readonly Call[], answer: (one: Call) => Promise<unknown> = () => Promise.resolve()) {
  let known = now;
  const told = { answered: [] as string[], idle: vi.fn(), failed: vi.fn() };
  const here: Room = {
    calls: () => known,
    me: () => "me",
    refetch: () => Promise.resolve().then(() => void (known = later)),
    answer: (one) => {
      told.answered.push(one.id);
      return answer(one);
    },
    idle: told.idle,
    failed: told.failed,
  };
  return { answering: new Answering(here), told };
}

test("a call that waits is answered", async () => {
  const { answering, told } = room([call("a")], []);
  await answering.press();
  expect(told.answered).toEqual(["a"]);
  expect(told.idle).not.toHaveBeenCalled();
});

test("a press before the page heard of the call answers it all the same", async () => {
  const { answering, told } = room([], [call("a")]);
  await answering.press();
  expect(told.answered).toEqual(["a"]);
});

test("a press while the page still shows the last call as going on answers the next", async () => {
  const last = call("a", { state: "answered", agent_id: "me", answered_at: "2026-11-24T06:00:05Z" });
  const { answering, told } = room([last, call("b")], [{ ...last, state: "wrap_up" }, call("b")]);
  await answering.press();
  expect(told.answered).toEqual(["b"]);
});

test("with nobody there, or in a call, it says so and answers nothing", async () => {
  const alone = room([], []);
  await alone.answering.press();
  const talking = [call("a", { state: "held", agent_id: "me" }), call("b")];
  const busy = room(talking, talking);
  await busy.answering.press();

  expect(alone.told.idle).toHaveBeenCalledExactlyOnceWith("nobody_waits");
  expect(busy.told.idle).toHaveBeenCalledExactlyOnceWith("in_a_call");
  expect([...alone.told.answered, ...busy.told.answered]).toEqual([]);
});

test("two presses at once answer one call", async () => {
  const { answering, told } = room([call("a"), call("b")], []);
  await Promise.all([answering.press(), answering.press()]);
  expect(told.answered).toEqual(["a"]);
});

test("where the first hung up the next in turn is answered; a failure is told", async () => {
  const gone = (one: Call) => (one.id === "a" ? Promise.reject(new Error("gone")) : Promise.resolve());
  const next = room([call("a"), call("b")], [call("b")], gone);
  await next.answering.press();
  const none = room([call("a")], [call("a")], gone);
  await none.answering.press();

  expect(next.told.answered).toEqual(["a", "b"]);
  expect(next.told.failed).not.toHaveBeenCalled();
  expect(none.told.answered).toEqual(["a"]);
  expect(none.told.failed).toHaveBeenCalledOnce();
});

test("the press after one that is done is a new one", async () => {
  const { answering, told } = room([call("a")], [call("b")]);
  await answering.press();
  await answering.press();
  expect(told.answered).toEqual(["a", "b"]);
});

test("a press tells whether a call was taken, whatever the list says of it by then", async () => {
  const gone = (one: Call) => (one.id === "a" ? Promise.reject(new Error("gone")) : Promise.resolve());

  expect(await room([call("a")], []).answering.press()).toBe(true);
  expect(await room([call("a"), call("b")], [call("b")], gone).answering.press()).toBe(true);
  expect(await room([call("a")], [call("a")], gone).answering.press()).toBe(false);
  expect(await room([], []).answering.press()).toBe(false);
});
