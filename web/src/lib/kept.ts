/** What this browser keeps of a session, so that a page opens without network; gone when the session ends. */
const PREFIX = "warroom.kept.";

/** Reads what was kept under a name; null where nothing is, or nothing that can be read. */
export function recall<Value>(name: string): Value | null {
  try {
    return JSON.parse(localStorage.getItem(PREFIX + name) ?? "null") as Value | null;
  } catch {
    return null;
  }
}

/** Keeps a value; false where the store is full or forbidden. */
export function keep(name: string, value: unknown): boolean {
  try {
    localStorage.setItem(PREFIX + name, JSON.stringify(value));
    return true;
  } catch {
    return false;
  }
}

/** Forgets all of it. */
export function forget(): void {
  try {
    for (const key of Object.keys(localStorage)) if (key.startsWith(PREFIX)) localStorage.removeItem(key);
  } catch {
    // What could not be kept is not there.
  }
}
