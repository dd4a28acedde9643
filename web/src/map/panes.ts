/** The lists that the left pane of the map can show, and what each of them needs. */
import { session } from "$lib/session.svelte";
import type { MessageKey } from "$lib/t";
import type { Component } from "svelte";

export type PaneName = "kamera" | "macet" | "tutup" | "unit" | "rute" | "jalan" | "peringatan";

interface Pane {
  readonly name: PaneName;
  readonly label: MessageKey;
  readonly needs: string;
}

const PANES: readonly Pane[] = [
  { name: "kamera", label: "map.pane_cameras", needs: "camera:view" },
  { name: "macet", label: "map.pane_jams", needs: "traffic:view" },
  { name: "tutup", label: "map.pane_closures", needs: "traffic:view" },
  { name: "unit", label: "map.pane_units", needs: "unit:view" },
  { name: "rute", label: "map.pane_route", needs: "route:view" },
  { name: "jalan", label: "map.pane_road", needs: "city:view" },
  { name: "peringatan", label: "alerts.map_layer", needs: "alert:view" },
];

/** Those that this person may open. */
export function openPanes(): Pane[] {
  return PANES.filter(({ needs }) => session.may(needs));
}

/** All but the cameras are fetched when they are first opened. */
export const lazyPanes: Readonly<Record<Exclude<PaneName, "kamera">, () => Promise<{ default: Component }>>> = {
  macet: () => import("../traffic/JamsPane.svelte"),
  tutup: () => import("../traffic/ClosuresPane.svelte"),
  unit: () => import("../units/UnitsPane.svelte"),
  rute: () => import("../routing/RoutePane.svelte"),
  jalan: () => import("../roads/RoadPane.svelte"),
  peringatan: () => import("../alerts/AlertsPane.svelte"),
};
