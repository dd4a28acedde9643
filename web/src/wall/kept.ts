/** The wall as this browser keeps it, so that other pages and windows can send cameras to it. */
import { emptyWall, fromQuery, send, toQuery, type WallState } from "./state";

export const WALL_KEY = "warroom.wall";

/** The kept wall, or null when there is none. */
export function keptWall(): WallState | null {
  try {
    const text: unknown = JSON.parse(localStorage.getItem(WALL_KEY) ?? "null");
    return typeof text === "string" ? fromQuery(text) : null;
  } catch {
    return null;
  }
}

/** Keeps the wall; windows that show it hear of it by the `storage` event. */
export function keepWall(wall: WallState): void {
  try {
    localStorage.setItem(WALL_KEY, JSON.stringify(toQuery(wall)));
  } catch {
    // A browser that keeps nothing still shows the wall; the address holds it as well.
  }
}

/** Sends a camera to a monitor of the kept wall, from another page. */
export function sendToKept(monitor: number, number: number): void {
  const wall = keptWall() ?? emptyWall(9);
  keepWall({ ...send(wall, monitor, [String(number)]), selected: monitor });
}
