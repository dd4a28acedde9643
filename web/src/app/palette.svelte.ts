/** What the palette offers: cameras, places and commands of this person, best first. */
import { adminRoutes, workspaces } from "./workspaces";
import { overlays } from "./overlays.svelte";
import { city } from "$lib/city.svelte";
import { api } from "$lib/api";
import { cameras } from "$lib/cameras.svelte";
import { cameraNumber } from "$lib/format";
import { router } from "$lib/router.svelte";
import { fit, fitCamera } from "$lib/search";
import { session } from "$lib/session.svelte";
import type { IconName } from "$lib/sheet/icons";
import { t, type MessageKey } from "$lib/t";
import { openFocused } from "$lib/windows";
import { theme } from "$lib/theme.svelte";
import type { Camera, CameraStateWord } from "$lib/types";

export interface Item {
  id: string;
  name: string;
  detail: string;
  icon: IconName;
  number?: string;
  state?: CameraStateWord;
  keys?: string;
  run: () => void;
  /** Shift Enter. */
  second?: () => void;
}

export interface ItemGroup {
  title: MessageKey;
  items: Item[];
}

interface Place {
  id: string;
  kind: string;
  name: string;
  detail: string;
  lat: number;
  lon: number;
}

const CAMERAS_SHOWN = 8;
const RECENT_SHOWN = 5;
const UNITS_SHOWN = 8;

let taken = $state.raw<Item[]>([]);

function cameraItem(camera: Camera): Item {
  const number = cameraNumber(camera.number);
  return {
    id: camera.id,
    name: camera.name,
    detail: [camera.kecamatan?.name, camera.agency.short].filter(Boolean).join(", "),
    icon: "camera",
    number,
    state: camera.state.state,
    run: () => router.go(`/peta?kamera=${camera.number}`),
    second: () => router.go(`/kamera/${camera.number}`),
  };
}

function commands(): Item[] {
  const command = (id: string, name: string, icon: IconName, run: () => void, keys?: string): Item => ({
    id: `>${id}`,
    name,
    detail: "",
    icon,
    run,
    ...(keys !== undefined && { keys }),
  });
  const open = (title: MessageKey): string => t("command.go", { page: t(title) });
  return [
    ...workspaces().map((w) => command(w.path, open(w.title), w.icon, () => router.go(w.path), `G ${w.letter}`)),
    ...adminRoutes().map((r) => command(r.path, `${t("page.admin")}: ${t(r.title)}`, "settings", () => router.go(r.path))),
    command("bantuan", open("page.help"), "help", () => router.go("/bantuan")),
    command("window", t("window.open"), "external", openFocused, "Shift Enter"),
    command("keys", t("command.keys"), "command", () => overlays.toggleKeys(), "?"),
    command("dark", t("command.theme_dark"), "command", () => theme.set("dark")),
    command("light", t("command.theme_light"), "command", () => theme.set("light")),
    command("night", t("command.theme_night"), "command", () => theme.set("night")),
    ...city.languages.map(({ code, name }) => command(code, name, "command", () => void session.speak(code))),
    command("out", t("command.sign_out"), "leave", () => void session.signOut()),
  ];
}

function best<Thing>(things: readonly Thing[], score: (thing: Thing) => number, shown: number): Thing[] {
  const scored = things.map((thing) => ({ thing, score: score(thing) })).filter((one) => one.score > 0);
  return scored
    .sort((a, b) => b.score - a.score)
    .slice(0, shown)
    .map((one) => one.thing);
}

/** Cameras and commands for what is typed; `>` asks for commands alone. */
export function findItems(typed: string): ItemGroup[] {
  const text = typed.trim();
  const words = text.replace(/^>/, "").trim();
  const known = commands();
  const asked = words === "" ? known : best(known, (item) => fit(words, item.name), CAMERAS_SHOWN);
  const seen = text.startsWith(">") || text === "" ? [] : best(cameras.list, (camera) => fitCamera(text, camera), CAMERAS_SHOWN);
  const groups: ItemGroup[] = [
    { title: "palette.cameras", items: seen.map(cameraItem) },
    { title: "palette.commands", items: asked },
  ];
  return groups.filter((group) => group.items.length > 0);
}

/** Places whose names fit, from the server. */
export async function findPlaces(text: string, signal: AbortSignal): Promise<Item[]> {
  if (!session.may("city:view")) return [];
  const { items } = await api.get<{ items: Place[] }>("/api/places/search", { q: text, limit: 8 }, signal);
  return items.map((place) => ({
    id: `place ${place.id}`,
    name: place.name,
    detail: place.detail,
    icon: place.kind === "jalan" ? ("road" as const) : ("place" as const),
    run: () => router.go(`/peta?di=${place.lon.toFixed(5)},${place.lat.toFixed(5)}&tempat=${encodeURIComponent(place.name)}`),
  }));
}

interface FoundUnit {
  id: string;
  name: string;
  plate: string;
  station: string;
  agency: { short: string };
}

/** Vehicles in view whose name, plate or station fits, from the server; they open on the map. */
export async function findUnits(text: string, signal: AbortSignal): Promise<Item[]> {
  if (!session.may("unit:view")) return [];
  const { items } = await api.get<{ items: FoundUnit[] }>("/api/units", { q: text, limit: UNITS_SHOWN }, signal);
  return items.map((unit) => ({
    id: `unit ${unit.id}`,
    name: unit.name,
    detail: [unit.plate, unit.station, unit.agency.short].filter(Boolean).join(", "),
    icon: "target",
    run: () => router.go(`/peta?daftar=unit&unit=${unit.id}`),
  }));
}

/** What was taken last, newest first. */
export function recent(): ItemGroup[] {
  return taken.length === 0 ? [] : [{ title: "palette.recent", items: taken }];
}

/** Keeps an item for the next time; commands are near enough as they are. */
export function remember(item: Item): void {
  if (item.id.startsWith(">")) return;
  taken = [item, ...taken.filter((other) => other.id !== item.id)].slice(0, RECENT_SHOWN);
}
