import { beforeEach, describe, expect, it, vi } from "vitest";
import { Appender } from "./appender";

/** A SourceBuffer that does one thing at a time and writes down what it was asked. */
class FakeBuffer extends EventTarget {
  updating = false;
  mode = "";
  timestampOffset = 0;
  log: string[] = [];
  refuse: Error | null = null;
  spans: [number, number][] = [];

  get buffered(): { length: number; start(i: number): number; end(i: number): number } {
    return { length: this.spans.length, start: (i) => this.spans[i]![0], end: (i) => this.spans[i]![1] };
  }
  appendBuffer(data: Uint8Array): void {
    if (this.refuse !== null) {
      const error = this.refuse;
      this.refuse = null;
      throw error;
    }
    this.begin(`append ${data[0]}`);
  }
  remove(from: number, to: number): void {
    this.begin(`remove ${from}-${to}`);
  }
  abort(): void {
    this.log.push("abort");
  }
  changeType(mime: string): void {
    this.log.push(`type ${mime}`);
  }
  private begin(what: string): void {
    if (this.updating) throw new Error("busy");
    this.updating = true;
    this.log.push(what);
  }
  done(): void {
    this.updating = false;
    this.dispatchEvent(new Event("updateend"));
  }
}

class FakeSource extends EventTarget {
  readyState = "closed";
  duration = 0;
  buffer = new FakeBuffer();
  addSourceBuffer(): FakeBuffer {
    return this.buffer;
  }
  open(): void {
    this.readyState = "open";
    this.dispatchEvent(new Event("sourceopen"));
  }
}

let source: FakeSource;
let appender: Appender;
const bytes = (n: number): Uint8Array<ArrayBuffer> => new Uint8Array([n, 0]);

beforeEach(() => {
  source = new FakeSource();
  appender = new Appender(source as unknown as MediaSource, "avc");
});

describe("the queue before a source buffer", () => {
  it("waits until the source is open, then keeps the order", () => {
    appender.push(bytes(1));
    appender.push(bytes(2));
    expect(source.buffer.log).toEqual([]);
    expect(appender.queuedBytes).toBe(4);
    source.open();
    expect(source.buffer.log).toEqual(["append 1"]);
    source.buffer.done();
    expect(source.buffer.log).toEqual(["append 1", "append 2"]);
    expect(appender.queuedBytes).toBe(0);
  });

  it("changes the type and the place on the timeline between pieces", () => {
    source.open();
    appender.push(bytes(1));
    appender.change("hevc", 12);
    appender.push(bytes(2));
    source.buffer.done();
    expect(source.buffer.log).toEqual(["append 1", "type hevc", "append 2"]);
    expect(source.buffer.timestampOffset).toBe(12);
  });

  it("counts nothing as buffered from a reset until the old media is gone", () => {
    source.open();
    appender.push(bytes(1));
    appender.reset();
    appender.push(bytes(2));
    expect(appender.isFlushing).toBe(true);
    source.buffer.done();
    expect(source.buffer.log).toEqual(["append 1", "abort", "remove 0-Infinity"]);
    expect(appender.isFlushing).toBe(true);
    source.buffer.done();
    expect(appender.isFlushing).toBe(false);
    expect(source.buffer.log.at(-1)).toBe("append 2");
  });

  it("forgets what waited at a reset", () => {
    source.open();
    appender.push(bytes(1));
    appender.push(bytes(2));
    appender.reset();
    source.buffer.done();
    source.buffer.done();
    expect(source.buffer.log).not.toContain("append 2");
    expect(appender.queuedBytes).toBe(0);
  });

  it("makes room in a full buffer and tries the same piece again", () => {
    source.open();
    source.buffer.spans = [[0, 30]];
    source.buffer.refuse = new DOMException("full", "QuotaExceededError");
    appender.push(bytes(7));
    expect(source.buffer.log).toEqual(["remove 0-10"]);
    source.buffer.done();
    expect(source.buffer.log).toEqual(["remove 0-10", "append 7"]);
  });

  it("tells once of a failure it can not mend, and does nothing more", () => {
    const onfail = vi.fn();
    appender.onfail = onfail;
    source.open();
    source.buffer.refuse = new Error("broken");
    appender.push(bytes(1));
    appender.push(bytes(2));
    expect(onfail).toHaveBeenCalledTimes(1);
    expect(source.buffer.log).toEqual([]);
  });

  it("asks for one removal at a time", () => {
    appender.drop(5);
    appender.drop(6);
    source.open();
    source.buffer.done();
    expect(source.buffer.log).toEqual(["remove 0-5"]);
  });
});
