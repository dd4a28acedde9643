/** Feeds one SourceBuffer in order, one step at a time, as the browser demands. */

type Step =
  | { readonly kind: "bytes"; readonly data: BufferSource; readonly size: number }
  | { readonly kind: "change"; readonly mime: string; readonly offset: number | null }
  | { readonly kind: "drop"; readonly from: number; readonly to: number }
  | { readonly kind: "flush" };

/** A queue in front of a SourceBuffer. When the buffer fails, `onfail` is called once and the rest is dropped. */
export class Appender {
  onfail: (why: unknown) => void = () => undefined;
  private readonly steps: Step[] = [];
  private buffer: SourceBuffer | null = null;
  private mime: string;
  private closed = false;
  private bytes = 0;
  private flushing = false;
  private flushed = false;

  constructor(
    private readonly source: MediaSource,
    mime: string,
    private readonly onidle: () => void = () => undefined,
  ) {
    this.mime = mime;
    if (source.readyState === "open") this.attach();
    else source.addEventListener("sourceopen", () => this.attach(), { once: true });
  }

  /** Bytes that wait for the buffer. */
  get queuedBytes(): number {
    return this.bytes;
  }

  /** True from a reset until the old media is gone: what is buffered until then does not count. */
  get isFlushing(): boolean {
    return this.flushing;
  }

  push(data: BufferSource): void {
    if (this.closed) return;
    const size = data.byteLength;
    this.bytes += size;
    this.steps.push({ kind: "bytes", data, size });
    this.pump();
  }

  /** Begins a stream of another type or place on the timeline; null leaves the place. */
  change(mime: string, offset: number | null): void {
    this.steps.push({ kind: "change", mime, offset });
    this.pump();
  }

  /** Removes media before a moment, unless such a removal already waits. */
  drop(before: number): void {
    this.remove(0, before);
  }

  /** Removes media between two moments. */
  remove(from: number, to: number): void {
    if (to <= from || this.steps.some((step) => step.kind === "drop")) return;
    this.steps.push({ kind: "drop", from, to });
    this.pump();
  }

  /** Forgets all that waits and is half read, for a seek. Removes everything that is buffered. */
  reset(): void {
    this.steps.length = 0;
    this.bytes = 0;
    if (this.buffer === null) return;
    this.flushing = true;
    this.steps.push({ kind: "flush" });
    this.pump();
  }

  /** Stops for good. */
  close(): void {
    this.closed = true;
    this.steps.length = 0;
    this.bytes = 0;
  }

  private attach(): void {
    if (this.closed || this.buffer !== null) return;
    try {
      this.buffer = this.source.addSourceBuffer(this.mime);
      this.source.duration = Infinity;
    } catch (error) {
      return this.fail(error);
    }
    this.buffer.mode = "segments";
    this.buffer.addEventListener("updateend", () => {
      if (this.closed) return;
      if (this.flushed) this.flushing = this.steps.some((step) => step.kind === "flush");
      this.flushed = false;
      this.pump();
      this.onidle();
    });
    this.buffer.addEventListener("error", (event) => this.fail(event));
    this.pump();
  }

  private pump(): void {
    const { buffer } = this;
    if (this.closed || buffer === null || this.source.readyState !== "open") return;
    while (!buffer.updating && this.steps.length > 0) {
      try {
        this.run(buffer, this.steps[0]!);
      } catch (error) {
        if (!this.makeRoom(buffer, error)) return this.fail(error);
        return;
      }
      this.steps.shift();
    }
  }

  private run(buffer: SourceBuffer, step: Step): void {
    if (step.kind === "bytes") {
      buffer.appendBuffer(step.data);
      this.bytes -= step.size;
    } else if (step.kind === "drop") {
      buffer.remove(step.from, step.to);
    } else if (step.kind === "flush") {
      buffer.abort();
      buffer.remove(0, Infinity);
      this.flushed = true;
    } else {
      if (step.mime !== this.mime) buffer.changeType(step.mime);
      this.mime = step.mime;
      if (step.offset !== null && buffer.timestampOffset !== step.offset) buffer.timestampOffset = step.offset;
    }
  }

  /** A full buffer gives up its oldest third, then the same step is tried again. */
  private makeRoom(buffer: SourceBuffer, error: unknown): boolean {
    if (!(error instanceof DOMException) || error.name !== "QuotaExceededError") return false;
    const { buffered } = buffer;
    if (buffered.length === 0) return false;
    const start = buffered.start(0);
    const end = buffered.end(buffered.length - 1);
    if (end - start < 2) return false;
    buffer.remove(0, start + (end - start) / 3);
    return true;
  }

  private fail(why: unknown): void {
    if (this.closed) return;
    this.close();
    this.onfail(why);
  }
}
