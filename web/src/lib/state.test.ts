import { expect, test } from "vitest";
import { count, rank } from "./cameras.svelte";
import { covers } from "./session.svelte";
import { pictureState, stateKey } from "./state";
import type { Camera, CameraState } from "./types";

const told = (state: CameraState["state"], recording = true): Camera => ({ state: { state, recording } }) as unknown as Camera;

test("an age alone decides between live, late and stale", () => {
  expect([null, 0, 2, 2.1, 10, 10.1].map(pictureState)).toEqual(["unknown", "live", "live", "late", "late", "stale"]);
});

test("each state has its own word", () => {
  expect(stateKey("offline")).toBe("state.offline");
});

test("the worst member of a group is offline, then late, then unknown", () => {
  const words: CameraState["state"][] = ["live", "offline", "unknown", "late"];

  expect(words.sort((a, b) => rank(b) - rank(a))).toEqual(["offline", "late", "unknown", "live"]);
});

test("counts tell states and recording apart", () => {
  expect(count([told("live"), told("live", false), told("offline", false)])).toEqual({ total: 3, recording: 1, live: 2, late: 0, offline: 1, unknown: 0 });
});

test("action words cover by themselves, by their kind or altogether", () => {
  expect(covers(["camera:view"], "camera:view")).toBe(true);
  expect(covers(["camera:*"], "camera:configure")).toBe(true);
  expect(covers(["*"], "audit:read")).toBe(true);
  expect(covers(["camera:view"], "camera:configure")).toBe(false);
});
