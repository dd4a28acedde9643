import { expect, test } from "vitest";
import { aimedText, heldAt, heldKey, isRest, velocityOf, wayOf, type Grip } from "./ptz";

const AT = Date.parse("2026-11-24T06:17:00Z");
const grip = (more: Partial<NonNullable<Grip["held"]>> = {}): Grip => ({
  held: { name: "Ani", is_mine: false, since: "2026-11-24T06:16:00Z", free_at: "2026-11-24T06:17:15Z", reserved_until: null, incident_id: null, is_waited_for: false, ...more },
  may_take_over: false,
  may_wait: true,
});

test("arrows, signs and page keys move it, and others do not", () => {
  expect(["ArrowLeft", "ArrowUp", "+", "=", "-", "PageDown"].map(wayOf)).toEqual(["left", "up", "in", "in", "out", "out"]);
  expect(["a", "Enter", "Escape"].map(wayOf)).toEqual([null, null, null]);
});

test("two keys at once move it aslant, and opposite ones not at all", () => {
  const aslant = velocityOf(["left", "up"]);
  expect([aslant.pan < 0, aslant.tilt > 0, aslant.zoom]).toEqual([true, true, 0]);
  expect(isRest(velocityOf(["left", "right"]))).toBe(true);
  expect(isRest(velocityOf([]))).toBe(true);
  expect(velocityOf(["in"]).zoom).toBeGreaterThan(0);
});

test("who was silent long enough has it no more", () => {
  expect(heldAt(grip(), AT)?.name).toBe("Ani");
  expect(heldAt(grip(), AT + 15_000)).toBeNull();
  expect(heldAt(null, AT)).toBeNull();
});

test("who has it is told apart from nobody and from not known", () => {
  expect(heldKey(null, AT)).toBe("ptz.unknown");
  expect(heldKey({ held: null, may_take_over: false, may_wait: false }, AT)).toBe("ptz.free");
  expect(heldKey(grip(), AT)).toBe("ptz.theirs");
  expect(heldKey(grip({ is_mine: true }), AT)).toBe("ptz.mine");
  expect(heldKey(grip({ reserved_until: "2026-11-24T06:17:10Z" }), AT)).toBe("ptz.theirs_reserved");
  expect(heldKey(grip({ is_mine: true, reserved_until: "2026-11-24T06:16:00Z" }), AT)).toBe("ptz.mine");
});

test("how well it looks at the place is said, also where it does not", () => {
  const none = { preset: null, off_deg: null, is_seen: null, why: null };
  expect(aimedText({ ...none, by: "turn", is_seen: true }).key).toBe("ptz.aimed");
  expect(aimedText({ ...none, by: "preset", preset: "Halte", off_deg: 12, is_seen: true })).toEqual({ key: "ptz.aimed_preset", params: { preset: "Halte", deg: 12 } });
  expect(aimedText({ ...none, by: "preset", preset: "Halte", off_deg: 70, is_seen: false }).key).toBe("ptz.aimed_unseen");
  expect(aimedText({ ...none, by: "preset", preset: "Halte", off_deg: 12 }).key).toBe("ptz.aimed_unseen");
  expect(aimedText({ ...none, by: null, why: "out_of_reach" }).key).toBe("ptz.why_out_of_reach");
});
