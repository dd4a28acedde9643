/**
 * The keyboard of the whole page. A part of the page registers what its keys do while it is shown;
 * the `?` overlay lists the same entries, so that it can not be wrong.
 */
import type { MessageKey } from "./t";

export interface Binding {
  /** "K", "Shift+A", "Ctrl+K", "F6", "Escape", "?" or a sequence such as "G P". */
  keys: string;
  label: MessageKey;
  run: (event: KeyboardEvent) => void;
  /** Left out of the keyboard and of the help while it says no. */
  when?: () => boolean;
  /** Not shown in the help, for a second key of the same action. */
  quiet?: boolean;
  /** Acts even while a sheet lies over the page. */
  over?: boolean;
}

export interface Group {
  title: MessageKey;
  bindings: readonly Binding[];
}

const SEQUENCE_MS = 1_200;
const KEPT = "warroom.keys";

const groups: Group[] = [];
let prefix: { key: string; at: number } | null = null;

function keptOn(): boolean {
  try {
    return localStorage.getItem(KEPT) !== "off";
  } catch {
    return true;
  }
}

let isOn = keptOn();

/** Says whether keys without Ctrl or Alt act (WCAG 2.1.4). */
export function singleKeysOn(): boolean {
  return isOn;
}

/** Switches keys without Ctrl or Alt on or off for this workstation. */
export function switchSingleKeys(on: boolean): void {
  isOn = on;
  try {
    localStorage.setItem(KEPT, on ? "on" : "off");
  } catch {
    // Then the choice holds until the page is closed.
  }
}

/** Adds keys while a part of the page is shown; the answer takes them away. Later ones win. */
export function registerKeys(title: MessageKey, bindings: readonly Binding[]): () => void {
  const group: Group = { title, bindings };
  groups.push(group);
  return () => {
    const at = groups.indexOf(group);
    if (at >= 0) groups.splice(at, 1);
  };
}

/** The keys that act at this moment, newest part of the page first, without the quiet ones. */
export function activeGroups(): Group[] {
  const byTitle = new Map<MessageKey, Binding[]>();
  for (const { title, bindings } of [...groups].reverse()) {
    const acting = bindings.filter((binding) => binding.quiet !== true && (binding.when?.() ?? true));
    if (acting.length > 0) byTitle.set(title, [...(byTitle.get(title) ?? []), ...acting]);
  }
  return [...byTitle].map(([title, bindings]) => ({ title, bindings }));
}

/** The keys of a binding as they are shown, one cap after the other: "G P" as G, P; "Ctrl+K" as "Ctrl K". */
export function caps(keys: string): string[] {
  return keys.split(" ").map((part) => (part === "+" ? part : part.replaceAll("+", " ")));
}

/** Says whether letters typed at `target` are text. */
export function isTextField(target: EventTarget | null): boolean {
  if (!(target instanceof HTMLElement)) return false;
  if (target.isContentEditable || target instanceof HTMLTextAreaElement) return true;
  if (target instanceof HTMLSelectElement) return true;
  if (!(target instanceof HTMLInputElement)) return false;
  return !["button", "checkbox", "radio", "range", "submit", "reset", "file"].includes(target.type);
}

/** Names a pressed key as bindings write it: "Ctrl+K", "Shift+ArrowLeft", "?". */
export function keyName(event: Pick<KeyboardEvent, "key" | "ctrlKey" | "altKey" | "metaKey" | "shiftKey">): string {
  const isLetter = /^[a-z]$/i.test(event.key);
  const key = isLetter ? event.key.toUpperCase() : event.key === " " ? "Space" : event.key;
  const isSign = key.length === 1 && !isLetter && key !== " ";
  const parts: string[] = [];
  if (event.ctrlKey || event.metaKey) parts.push("Ctrl");
  if (event.altKey) parts.push("Alt");
  // A sign such as ? already holds its Shift.
  if (event.shiftKey && !isSign) parts.push("Shift");
  return [...parts, key].join("+");
}

function isSingle(name: string): boolean {
  return !/^(Ctrl|Alt)\+/.test(name) && !/^(Shift\+)?F\d+$/.test(name) && name !== "Escape";
}

function find(name: string): Binding | undefined {
  for (const group of [...groups].reverse()) {
    const found = group.bindings.find((binding) => binding.keys === name && (binding.when?.() ?? true));
    if (found !== undefined) return found;
  }
  return undefined;
}

function startsSequence(name: string): boolean {
  return groups.some((group) => group.bindings.some((binding) => binding.keys.startsWith(`${name} `)));
}

/** True on a control that takes this key for itself, such as Enter on a button or arrows in a choice. */
function isTakenByControl(event: KeyboardEvent, name: string): boolean {
  if (!(event.target instanceof Element)) return false;
  if (name.startsWith("Arrow")) return event.target.closest("input[type=radio], [role=radio]") !== null;
  if (name !== "Enter" && name !== "Space") return false;
  return event.target.closest("button, a[href], summary, [role=option], [role=menuitem], input") !== null;
}

/** Does what the pressed key is bound to. */
export function press(event: KeyboardEvent): void {
  if (event.defaultPrevented || event.isComposing) return;
  if (["Shift", "Control", "Alt", "Meta"].includes(event.key)) return;
  const name = keyName(event);
  const single = isSingle(name);
  if (single && (!isOn || isTextField(event.target) || isTakenByControl(event, name))) return;
  const began = prefix !== null && event.timeStamp - prefix.at < SEQUENCE_MS ? prefix.key : null;
  prefix = null;
  const binding = (began === null ? undefined : find(`${began} ${name}`)) ?? find(name);
  // A sheet over the page has the keyboard for itself; Escape must reach it.
  if (binding?.over !== true && document.querySelector("dialog[open]") !== null) return;
  if (binding !== undefined) {
    event.preventDefault();
    binding.run(event);
  } else if (single && startsSequence(name)) {
    prefix = { key: name, at: event.timeStamp };
  }
}
