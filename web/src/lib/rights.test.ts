import { expect, test, vi } from "vitest";
import { Rights, type Ask } from "./rights.svelte";

const one = { id: "1" };
const two = { id: "2" };
const always = (): boolean => true;

function told(words: Record<string, string[]>): { ask: Ask; asked: string[][] } {
  const asked: string[][] = [];
  const ask: Ask = (ids) => {
    asked.push([...ids]);
    return Promise.resolve({ ...words });
  };
  return { ask, asked };
}

test("what is asked for in one moment goes in one question, and once", async () => {
  const { ask, asked } = told({ 1: ["camera:view", "live:view"], 2: ["camera:view"] });
  const rights = new Rights(ask, always);

  expect([rights.can("live:view", one), rights.cannot("live:view", one)]).toEqual([false, false]);
  rights.can("live:view", two);
  await vi.waitFor(() => expect(rights.can("live:view", one)).toBe(true));

  expect([rights.can("live:view", two), rights.cannot("live:view", two)]).toEqual([false, true]);
  expect(asked).toEqual([["1", "2"]]);
});

test("a word that is held nowhere is not asked about", () => {
  const { ask, asked } = told({});
  const rights = new Rights(ask, () => false);

  expect([rights.can("live:view", one), rights.cannot("live:view", one)]).toEqual([false, true]);
  expect(asked).toEqual([]);
});

test("a camera that the server does not name can have nothing done with it", async () => {
  const rights = new Rights(told({}).ask, always);

  rights.can("live:view", one);

  await vi.waitFor(() => expect(rights.cannot("live:view", one)).toBe(true));
});

test("what changed is asked anew, and what was known stays until the answer", async () => {
  const words: Record<string, string[]> = { 1: ["live:view"] };
  const { ask, asked } = told(words);
  const rights = new Rights((ids) => ask(ids).then(() => ({ ...words })), always);
  rights.can("live:view", one);
  await vi.waitFor(() => expect(rights.can("live:view", one)).toBe(true));

  words[1] = [];
  rights.forget("2");
  rights.forget("1");
  expect(rights.can("live:view", one)).toBe(true);
  await vi.waitFor(() => expect(rights.cannot("live:view", one)).toBe(true));

  words[1] = ["live:view"];
  rights.forget();
  await vi.waitFor(() => expect(rights.can("live:view", one)).toBe(true));
  expect(asked).toEqual([["1"], ["1"], ["1"]]);
});

test("an answer to a question from before everything was forgotten does not count", async () => {
  const answers: ((words: Record<string, string[]>) => void)[] = [];
  const rights = new Rights(() => new Promise((done) => answers.push(done)), always);
  rights.can("live:view", one);
  await vi.waitFor(() => expect(answers).toHaveLength(1));

  rights.forget();
  await vi.waitFor(() => expect(answers).toHaveLength(2));
  answers[1]?.({ 1: [] });
  await vi.waitFor(() => expect(rights.cannot("live:view", one)).toBe(true));
  answers[0]?.({ 1: ["live:view"] });
  await Promise.resolve();

  expect(rights.can("live:view", one)).toBe(false);
});

test("a server that is away is asked again", async () => {
  vi.useFakeTimers();
  let calls = 0;
  const rights = new Rights(() => ((calls += 1) === 1 ? Promise.reject(new Error("away")) : Promise.resolve({ 1: ["live:view"] })), always);

  rights.can("live:view", one);
  await vi.advanceTimersByTimeAsync(4_000);
  expect([calls, rights.can("live:view", one), rights.cannot("live:view", one)]).toEqual([1, false, false]);
  await vi.advanceTimersByTimeAsync(2_000);

  expect([calls, rights.can("live:view", one)]).toEqual([2, true]);
  vi.useRealTimers();
});
