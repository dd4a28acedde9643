import { describe, expect, it } from "vitest";
import { isLoss, readTimeline, type Answer } from "./record";

const at = (second: number): string => new Date(second * 1000).toISOString();
const answer = (change: Partial<Answer>): Answer => ({ spans: [], gaps: [], held: [], clock: [], first_at: at(100), last_at: at(500), ...change });

describe("a timeline from the server", () => {
  it("names a gap that nobody wrote down", () => {
    const read = readTimeline(answer({ spans: [{ start: at(100), end: at(200) }, { start: at(260), end: at(500) }] }), 100_000, 500_000);
    expect(read.gaps).toEqual([{ start: 200_000, end: 260_000, cause: "unknown" }]);
  });

  it("calls nothing lost before the first footage", () => {
    const read = readTimeline(answer({ spans: [{ start: at(100), end: at(500) }] }), 0, 500_000);
    expect(read.gaps).toEqual([{ start: 0, end: 100_000, cause: "before_first" }]);
    expect(read.gaps.some(isLoss)).toBe(false);
  });

  it("keeps the server's own word for the time before, once", () => {
    const gap = { start: at(0), end: at(100), cause: "not_kept" };
    const read = readTimeline(answer({ spans: [{ start: at(100), end: at(500) }], gaps: [gap] }), 0, 500_000);
    expect(read.gaps).toEqual([{ start: 0, end: 100_000, cause: "not_kept" }]);
  });

  it("calls nothing lost that is still being written", () => {
    const read = readTimeline(answer({ spans: [{ start: at(100), end: at(500) }] }), 100_000, 560_000);
    expect(read.gaps).toEqual([]);
  });

  it("tells of a gap that goes on, behind the newest footage", () => {
    const gap = { start: at(500), end: at(560), cause: "unknown" };
    const read = readTimeline(answer({ spans: [{ start: at(100), end: at(500) }], gaps: [gap] }), 100_000, 560_000);
    expect(read.gaps.filter(isLoss)).toEqual([{ start: 500_000, end: 560_000, cause: "unknown" }]);
  });

  it("of a camera without any footage holds no loss", () => {
    const read = readTimeline(answer({ first_at: null, last_at: null }), 0, 500_000);
    expect(read.gaps.filter(isLoss)).toEqual([]);
  });
});
