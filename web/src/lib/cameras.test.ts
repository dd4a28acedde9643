import { describe, expect, it } from "vitest";
import { fullCamera, fullState } from "./cameras.svelte";
import type { Camera, CameraState } from "./types";

const told = (fields: object): CameraState => ({ state: "unknown", recording: false, ...fields }) as CameraState;

describe("what the server leaves out", () => {
  it("is unknown, not zero and not missing", () => {
    const camera = fullCamera({ id: "a", number: 1, name: "Kamera", state: told({}) } as unknown as Camera);

    expect([camera.kecamatan, camera.bearing_deg, camera.codec]).toEqual([null, null, null]);
    expect([camera.state.fps, camera.state.since]).toEqual([null, null]);
  });

  it("does not hide what it tells", () => {
    const state = fullState(told({ state: "live", fps: 0, clock_offset_ms: 0 }));

    expect([state.state, state.fps, state.clock_offset_ms]).toEqual(["live", 0, 0]);
  });
});
