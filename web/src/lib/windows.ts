/**
 * Panes in windows of their own, for a second monitor. Such a window shows its page without the
 * desk around it; the one of the selected camera follows what is selected in any other window.
 * A window's name stays when its page is loaded again, so that it needs no mark in its address.
 */
import { toasts } from "./sheet/toasts.svelte";
import { t } from "./t";

const NAME = "warroom-pane-";
const FOLLOWER = `${NAME}selected`;
const CHANNEL = "warroom.selected";

/** What a window is opened for: its address, and the name under which it is found again. */
export interface Pane {
  readonly address: string;
  readonly name: string;
}

/** The pane around an element: a camera's tile, the panel of the selected camera, or the whole page. */
export function paneOf(element: Element | null, here: { readonly pathname: string; readonly search: string }): Pane {
  const number = element?.closest<HTMLElement>("[data-camera]")?.dataset["camera"];
  const selected = element?.closest<HTMLElement>("[data-selected-camera]")?.dataset["selectedCamera"];
  if (selected !== undefined) return { address: `/kamera/${selected}`, name: FOLLOWER };
  if (number !== undefined) return { address: `/kamera/${number}`, name: `${NAME}kamera-${number}` };
  return { address: here.pathname + here.search, name: NAME + here.pathname.slice(1).replaceAll("/", "-") };
}

/** Opens a pane in a window of its own, or brings the one to the front that shows it already. */
export function openWindow({ address, name }: Pane): void {
  const opened = window.open(address, name, "popup,width=1120,height=720");
  if (opened === null) toasts.say(t("window.blocked"), { tone: "late" });
  else opened.focus();
}

/** Opens the pane that holds the focus, or this page, in a window of its own. */
export function openFocused(): void {
  openWindow(paneOf(document.activeElement, location));
}

/** True in a window that shows one pane without the desk. */
export function isOwnWindow(): boolean {
  return window.name.startsWith(NAME);
}

/** Tells other windows which camera is selected here. */
export function tellSelected(camera: number): void {
  if (isOwnWindow() && window.name === FOLLOWER) return;
  const channel = new BroadcastChannel(CHANNEL);
  channel.postMessage(camera);
  channel.close();
}

/** In the window of the selected camera: calls `take` with each camera that is selected elsewhere. */
export function followSelected(take: (camera: number) => void): () => void {
  if (window.name !== FOLLOWER) return () => undefined;
  const channel = new BroadcastChannel(CHANNEL);
  channel.onmessage = ({ data }: MessageEvent<unknown>) => {
    if (Number.isSafeInteger(data)) take(data as number);
  };
  return () => channel.close();
}
