/** Saved layouts of walls: one's own and the agency's. */
import { api, ApiError, sentence } from "$lib/api";
import { cameras } from "$lib/cameras.svelte";
import { socket } from "$lib/socket";
import { t } from "$lib/t";
import { divisionFor, divisionOf } from "./layout";
import { emptyWall, type WallState } from "./state";

/** A layout as the server keeps it. */
export interface SavedLayout {
  readonly id: string;
  readonly name: string;
  readonly shared: "person" | "agency";
  readonly cols: number;
  readonly rows: number;
  readonly dwell_s: number;
  readonly tiles: readonly { readonly position: number; readonly cameras: readonly string[] }[];
  readonly locked_by: { readonly id: string; readonly name: string } | null;
  readonly version: number;
}

/** Stands for a camera that this person may not see; its monitor says so. */
export const NO_RIGHT = "-";

/** The wall that a layout describes, by camera numbers. */
export function wallOf(layout: SavedLayout): WallState {
  const division = divisionOf(layout.cols, layout.rows, layout.tiles.length);
  const monitors: string[][] = Array.from({ length: division.count }, () => []);
  for (const tile of layout.tiles) {
    const slot = monitors[tile.position - 1];
    for (const id of tile.cameras) slot?.push(String(cameras.byId(id)?.number ?? NO_RIGHT));
  }
  return { ...emptyWall(division.count), monitors, dwellS: layout.dwell_s };
}

/** What the server is sent to keep a wall. */
export function bodyOf(wall: WallState, name: string, shared: "person" | "agency"): Record<string, unknown> {
  const division = divisionFor(wall.count);
  const tiles = wall.monitors.slice(0, wall.count).map((numbers, i) => ({
    position: i + 1,
    cameras: numbers.map((n) => cameras.byNumber(Number(n))?.id).filter((id) => id !== undefined),
  }));
  return { name, shared, cols: division.columns, rows: division.rows, dwell_s: wall.dwellS, tiles };
}

/** Who holds the lock of a layout, in words; null when nobody does. */
export function lockedBy(layout: SavedLayout | undefined): string | null {
  const lock = layout?.locked_by ?? null;
  return lock === null ? null : lock.name || "?";
}

/** True when somebody else holds the lock, so that changes stay on this screen. */
export function isLockedForMe(layout: SavedLayout | undefined, personId: string | undefined): boolean {
  const lock = layout?.locked_by ?? null;
  return lock !== null && lock.id !== personId;
}

class Layouts {
  list = $state.raw<SavedLayout[]>([]);
  loaded = $state(false);
  failure = $state<string | null>(null);

  /** Fetches the list and keeps it while the wall is shown; the answer stops that. */
  watch(): () => void {
    void this.refetch();
    const again = { event: () => void this.refetch(), reset: () => void this.refetch() };
    const stop = ["walls.changed", "walls.own_changed"].map((topic) => socket.listen(topic, again));
    return () => stop.forEach((end) => end());
  }

  async refetch(): Promise<void> {
    try {
      this.list = (await api.get<{ items: SavedLayout[] }>("/api/walls/layouts")).items;
      this.failure = null;
    } catch (failed) {
      this.failure = sentence(failed);
    }
    this.loaded = true;
  }

  /** Keeps a wall under a name; a layout that is given is changed instead. */
  async save(wall: WallState, name: string, shared: "person" | "agency", old?: SavedLayout): Promise<SavedLayout> {
    const body = bodyOf(wall, name, shared);
    const saved =
      old === undefined
        ? await api.post<SavedLayout>("/api/walls/layouts", body)
        : await api.patch<SavedLayout>(`/api/walls/layouts/${old.id}`, { ...body, version: old.version });
    await this.refetch();
    return saved;
  }

  /** Takes or gives back the lock of a layout. */
  async lock(layout: SavedLayout, locked: boolean): Promise<void> {
    await api.patch(`/api/walls/layouts/${layout.id}`, { version: layout.version, locked });
    await this.refetch();
  }

  async remove(layout: SavedLayout): Promise<void> {
    await api.remove(`/api/walls/layouts/${layout.id}`);
    await this.refetch();
  }
}

export const layouts = new Layouts();

/** Why a layout was not kept, as a sentence. */
export function whyNot(failed: unknown): string {
  if (failed instanceof ApiError && failed.status === 409) return t("wall.layout_conflict");
  return `${t("wall.layout_failed")} ${sentence(failed)}`;
}
