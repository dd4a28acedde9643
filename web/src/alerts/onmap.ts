/** Shows an alert on the map's page: its pane beside the map, and the map where it holds. */
import type { Alert } from "./types";
import { ringsOf } from "./words";
import { desk } from "../map/desk.svelte";
import { boxOf } from "../map/ring";

export function showOnMap(alert: Pick<Alert, "id" | "body">): void {
  desk.chosen = { kind: "alert", id: alert.id };
  const box = boxOf(ringsOf(alert));
  if (box !== null) desk.map?.fit(box);
}
