import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { backoff, Socket, type LinkState, type Wire } from "./socket";

class FakeWire implements Wire {
  sent: unknown[] = [];
  closed = false;
  onopen: (() => void) | null = null;
  onmessage: ((message: { data: unknown }) => void) | null = null;
  onclose: ((event: { code: number }) => void) | null = null;

  send(text: string): void {
    this.sent.push(JSON.parse(text));
  }

  close(): void {
    this.closed = true;
  }

  hear(message: object): void {
    this.onmessage?.({ data: JSON.stringify(message) });
  }
}

let wires: FakeWire[];
let states: LinkState[];
let socket: Socket;
const last = (): FakeWire => wires.at(-1) as FakeWire;
const event = (id: string, topic = "cameras.state"): object => ({ type: "event", topic, id, at: "2026-11-24T06:27:05.123Z", body: { id } });

beforeEach(() => {
  vi.useFakeTimers();
  wires = [];
  states = [];
  socket = new Socket(() => {
    const wire = new FakeWire();
    wires.push(wire);
    return wire;
  });
  socket.onlink = (state) => states.push(state);
});

afterEach(() => vi.useRealTimers());

test("topics share one link and are asked for together", () => {
  socket.listen("cameras.state", { event: () => undefined });
  socket.listen("cameras.changed", { event: () => undefined });
  socket.start();
  last().onopen?.();

  expect(wires).toHaveLength(1);
  expect(last().sent).toEqual([{ op: "subscribe", topics: ["cameras.changed", "cameras.state"], after: null }]);
});

test("after a break it takes up again behind the last event seen", () => {
  const seen: string[] = [];
  socket.listen("cameras.state", { event: ({ id }) => seen.push(id) });
  socket.start();
  last().onopen?.();
  last().hear({ type: "hello", id: "40", now: "2026-11-24T06:27:00Z" });
  last().hear(event("41"));
  last().onclose?.({ code: 1006 });
  vi.advanceTimersByTime(1_000);
  last().onopen?.();

  expect(seen).toEqual(["41"]);
  expect(wires).toHaveLength(2);
  expect(last().sent).toEqual([{ op: "subscribe", topics: ["cameras.state"], after: "41" }]);
});

test("the first hello is where a tab without events takes up again", () => {
  socket.listen("cameras.state", { event: () => undefined });
  socket.start();
  last().onopen?.();
  last().hear({ type: "hello", id: "40", now: "2026-11-24T06:27:00Z" });
  last().onclose?.({ code: 1006 });
  vi.advanceTimersByTime(1_000);
  last().onopen?.();

  expect(last().sent).toEqual([{ op: "subscribe", topics: ["cameras.state"], after: "40" }]);
});

test("the first greeting has everything fetched anew, a later one nothing", () => {
  const reset = vi.fn();
  socket.listen("cameras.state", { event: () => undefined, reset });
  socket.start();
  last().onopen?.();
  last().hear({ type: "hello", id: "40", now: "2026-11-24T06:27:00Z" });
  last().onclose?.({ code: 1006 });
  vi.advanceTimersByTime(1_000);
  last().hear({ type: "hello", id: "44", now: "2026-11-24T06:28:00Z" });

  expect(reset).toHaveBeenCalledOnce();
});

test("an ended session is told at once", () => {
  const refused = vi.fn();
  socket.onrefused = refused;
  socket.start();
  last().onclose?.({ code: 4401 });

  expect(refused).toHaveBeenCalledOnce();
});

test("a reset reaches the listeners of its topic alone", () => {
  const [first, second] = [vi.fn(), vi.fn()];
  socket.listen("cameras.state", { event: () => undefined, reset: first });
  socket.listen("walls.changed", { event: () => undefined, reset: second });
  socket.start();
  last().onopen?.();
  last().hear({ type: "reset", topic: "cameras.state" });

  expect(first).toHaveBeenCalledOnce();
  expect(second).not.toHaveBeenCalled();
});

test("a link that has gone silent is lost even while it looks open", () => {
  socket.start();
  last().onopen?.();
  last().hear({ type: "ping", now: "2026-11-24T06:27:00Z" });
  vi.advanceTimersByTime(12_600);

  expect(states.at(-1)).toBe("lost");
  expect(wires[0]?.closed).toBe(true);
});

test("a message that is no JSON is dropped and harms nothing", () => {
  socket.start();
  last().onopen?.();
  last().onmessage?.({ data: "<html>" });
  last().hear({ type: "ping", now: "2026-11-24T06:27:00Z" });

  expect(states.at(-1)).toBe("open");
});

test("a topic that nobody listens to any more is left out", () => {
  const stop = socket.listen("walls.changed", { event: () => undefined });
  socket.listen("cameras.state", { event: () => undefined });
  stop();
  socket.start();
  last().onopen?.();

  expect(last().sent).toEqual([{ op: "subscribe", topics: ["cameras.state"], after: null }]);
});

test("waits grow, stay below twenty seconds and are spread", () => {
  expect(backoff(0, () => 0)).toBe(375);
  expect(backoff(3, () => 0.5)).toBe(4_000);
  expect(backoff(99, () => 1)).toBe(18_750);
});
