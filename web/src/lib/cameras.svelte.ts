/** Every camera this person may see, with its living state, fetched once and kept by events. */
import { untrack } from "svelte";
import { api, sentence } from "./api";
import { socket } from "./socket";
import type { Camera, CameraState, CameraStateWord, Page } from "./types";

export interface Counts {
  total: number;
  recording: number;
  live: number;
  late: number;
  offline: number;
  unknown: number;
}

/** Counts cameras by state. */
export function count(cameras: readonly Camera[]): Counts {
  const counts: Counts = { total: 0, recording: 0, live: 0, late: 0, offline: 0, unknown: 0 };
  for (const camera of cameras) {
    counts.total += 1;
    counts[camera.state.state] += 1;
    if (camera.state.recording) counts.recording += 1;
  }
  return counts;
}

const WORST: readonly CameraStateWord[] = ["live", "unknown", "late", "offline"];

/** Rank of a state; a group of cameras shows the highest of its members. */
export function rank(state: CameraStateWord): number {
  return WORST.indexOf(state);
}

const UNKNOWN_STATE = { since: null, reason: null, last_frame_at: null, fps: null, kbit_s: null, clock_offset_ms: null, clock_uncertainty_ms: null };
const UNKNOWN = { place: null, kecamatan: null, kelurahan: null, lat: null, lon: null, height_m: null, bearing_deg: null, fov_deg: null, range_m: null, codec: null };

/** The state as told, with null for each figure that is not known: the server leaves those out. */
export function fullState(told: CameraState): CameraState {
  return { ...UNKNOWN_STATE, ...told };
}

/** The camera as told, with null for everything that is not known: the server leaves those out. */
export function fullCamera<Told extends Camera>(told: Told): Told {
  return { ...UNKNOWN, ...told, state: fullState(told.state) };
}

class Cameras {
  /** In order of their numbers. Each element is reactive on its own. */
  list = $state<Camera[]>([]);
  loaded = $state(false);
  /** Grows when a camera comes, goes, moves or changes its word; figures alone do not count. */
  changes = $state(0);
  /** Why the last fetch failed, as a sentence; the list before it stays. */
  failure = $state<string | null>(null);
  #stop: (() => void)[] = [];
  #fetching: Promise<void> | null = null;
  #again = false;

  #byId = $derived(new Map(this.list.map((camera) => [camera.id, camera])));
  #byNumber = $derived(new Map(this.list.map((camera) => [camera.number, camera])));
  counts = $derived.by(() => {
    void this.changes;
    return untrack(() => count(this.list));
  });

  byId(id: string): Camera | undefined {
    return this.#byId.get(id);
  }

  byNumber(number: number): Camera | undefined {
    return this.#byNumber.get(number);
  }

  /** Fetches the list and keeps it by events. Harmless when called again. */
  start(): void {
    if (this.#stop.length > 0) return;
    const reset = (): void => void this.refetch();
    this.#stop = [
      socket.listen<{ id: string; state: CameraState }>("cameras.state", {
        event: ({ body }) => this.#take(body.id, body.state),
        reset,
      }),
      socket.listen<{ id: string; change: string }>("cameras.changed", {
        event: ({ body }) => void this.#change(body.id, body.change),
        reset,
      }),
    ];
    void this.refetch();
  }

  /** Forgets everything, at sign-out. */
  stop(): void {
    for (const stop of this.#stop) stop();
    this.#stop = [];
    this.list = [];
    this.changes += 1;
    this.loaded = false;
    this.failure = null;
  }

  /** Fetches the whole list again; asked for while one is under way, once more behind it. */
  refetch(): Promise<void> {
    if (this.#fetching !== null) this.#again = true;
    this.#fetching ??= this.#fetchAll().finally(() => (this.#fetching = null));
    return this.#fetching;
  }

  async #fetchAll(): Promise<void> {
    do {
      this.#again = false;
      await this.#fetch();
    } while (this.#again);
  }

  async #fetch(): Promise<void> {
    try {
      const found: Camera[] = [];
      let cursor: string | null = null;
      do {
        const page: Page<Camera> = await api.get("/api/cameras", { limit: 1000, cursor });
        found.push(...page.items.map(fullCamera));
        cursor = page.next ?? null;
      } while (cursor !== null);
      this.list = found.sort((a, b) => a.number - b.number);
      this.changes += 1;
      this.loaded = true;
      this.failure = null;
    } catch (failed) {
      this.failure = sentence(failed);
    }
  }

  #take(id: string, state: CameraState): void {
    const camera = this.byId(id);
    if (camera === undefined) return;
    const isNews = camera.state.state !== state.state || camera.state.recording !== state.recording;
    camera.state = fullState(state);
    if (isNews) this.changes += 1;
  }

  async #change(id: string, change: string): Promise<void> {
    if (change === "removed") {
      this.list = this.list.filter((camera) => camera.id !== id);
      this.changes += 1;
      return;
    }
    try {
      const camera = fullCamera(await api.get<Camera>(`/api/cameras/${id}`));
      const others = this.list.filter((known) => known.id !== id);
      this.list = [...others, camera].sort((a, b) => a.number - b.number);
      this.changes += 1;
    } catch {
      await this.refetch();
    }
  }
}

export const cameras = new Cameras();
