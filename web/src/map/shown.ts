/** Which layers this workstation wants to see, kept in the browser. */

const KEPT = "warroom.map.layers";

export type MoreShown = Record<"traffic" | "units" | "alerts", boolean>;

/** What was kept; all where nothing was. */
export function keptShown(): MoreShown {
  try {
    const kept: unknown = JSON.parse(localStorage.getItem(KEPT) ?? "{}");
    const of = (name: string): boolean => (kept as Record<string, unknown> | null)?.[name] !== false;
    return { traffic: of("traffic"), units: of("units"), alerts: of("alerts") };
  } catch {
    return { traffic: true, units: true, alerts: true };
  }
}

export function keepShown(shown: MoreShown): void {
  try {
    localStorage.setItem(KEPT, JSON.stringify(shown));
  } catch {
    // Then it holds until the page is closed.
  }
}
