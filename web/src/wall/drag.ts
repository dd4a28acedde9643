/** What is dragged onto a monitor: a camera from the map or a list, or another monitor. */
import { cameras } from "$lib/cameras.svelte";
import type { Camera } from "$lib/types";

export const CAMERA_TYPE = "application/x-warroom-camera";
export const MONITOR_TYPE = "application/x-warroom-monitor";

/** Says whether a drag carries something that a monitor takes. */
export function isWelcome(event: DragEvent): boolean {
  const types = event.dataTransfer?.types ?? [];
  return types.includes(CAMERA_TYPE) || types.includes(MONITOR_TYPE);
}

/** The monitor that is dragged, or null. */
export function draggedMonitor(event: DragEvent): number | null {
  const text = event.dataTransfer?.getData(MONITOR_TYPE) ?? "";
  return /^\d+$/.test(text) ? Number(text) : null;
}

/** The camera that is dragged, by id or number, bare or as JSON. */
export function draggedCamera(event: DragEvent): Camera | undefined {
  const text = event.dataTransfer?.getData(CAMERA_TYPE) ?? "";
  let word: unknown = text;
  try {
    const read: unknown = JSON.parse(text);
    word = typeof read === "object" && read !== null && "id" in read ? read.id : read;
  } catch {
    // A bare id is not JSON.
  }
  return cameras.byId(String(word)) ?? cameras.byNumber(Number(word));
}

/** Begins to drag a camera. */
export function dragCamera(event: DragEvent, camera: Camera): void {
  if (event.dataTransfer === null) return;
  event.dataTransfer.setData(CAMERA_TYPE, camera.id);
  event.dataTransfer.setData("text/plain", `${camera.number} ${camera.name}`);
  event.dataTransfer.effectAllowed = "copy";
}
