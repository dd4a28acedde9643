import { expect, test } from "vitest";
import { isPast, merge } from "./duties";

const late = { kind: "case", id: "c1", number: "SDP-2026-0001", due_at: "2026-11-24T06:00:00Z" } as const;
const leak = { kind: "breach", id: "b1", number: "IPD-2026-0001", due_at: "2026-11-23T06:00:00Z" } as const;
const break_glass = { id: "e1", number: "DRT-2026-0001", due_at: "2026-11-25T06:00:00Z", agency_label: "Dishub", owner_label: "Polrestabes" };

test("what is due first stands first, and leads to where it is done", () => {
  expect(merge([late, leak], [break_glass]).map(({ number, href }) => [number, href])).toEqual([
    ["IPD-2026-0001", "/admin/privasi?tampil=breaches&id=b1"],
    ["SDP-2026-0001", "/admin/privasi?tampil=cases&id=c1"],
    ["DRT-2026-0001", "/admin/darurat?id=e1"],
  ]);
});

test("a review that is not due yet is no alarm, at its deadline it is one", () => {
  const [duty] = merge([], [break_glass]);

  expect(duty && [isPast(duty, Date.parse("2026-11-25T05:59:59Z")), isPast(duty, Date.parse("2026-11-25T06:00:00Z"))]).toEqual([false, true]);
});
