/** The workspaces of the rail, in their fixed order, with the letter that opens each after G. */
import { routes, type Route } from "./routes";
import { session } from "$lib/session.svelte";
import type { IconName } from "$lib/sheet/icons";
import type { MessageKey } from "$lib/t";

export interface Workspace {
  path: string;
  title: MessageKey;
  icon: IconName;
  letter: string;
  key: MessageKey;
}

const all: readonly Workspace[] = [
  { path: "/peta", title: "page.map", icon: "map", letter: "P", key: "keys.go_map" },
  { path: "/dinding", title: "page.wall", icon: "wall", letter: "D", key: "keys.go_wall" },
  { path: "/rekaman", title: "page.playback", icon: "replay", letter: "R", key: "keys.go_playback" },
  { path: "/112", title: "page.incidents", icon: "phone", letter: "1", key: "keys.go_incidents" },
  { path: "/lalin", title: "page.traffic", icon: "road", letter: "L", key: "keys.go_traffic" },
  { path: "/peringatan", title: "page.alerts", icon: "warn", letter: "I", key: "keys.go_alerts" },
  { path: "/tugas", title: "page.duty", icon: "person", letter: "T", key: "keys.go_duty" },
];

/** Says whether this person may open a page at all. */
export function mayOpen(route: Route): boolean {
  return route.needs === undefined || route.needs.some((action) => session.may(action));
}

/** The workspaces this person has. */
export function workspaces(): Workspace[] {
  return all.filter((workspace) => {
    const route = routes.find((candidate) => candidate.path === workspace.path);
    return route !== undefined && mayOpen(route);
  });
}

/** The sections of Admin this person has. */
export function adminRoutes(): Route[] {
  return routes.filter((route) => route.admin !== undefined && mayOpen(route));
}

/** The page shown at `/`. */
export function firstPage(): string {
  return workspaces()[0]?.path ?? adminRoutes()[0]?.path ?? "/bantuan";
}
