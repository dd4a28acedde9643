/** What the parts of the map's page share: the drawn map, what was chosen on it, and the tool in hand. */
import type { CityMap } from "./CityMap";
import type { MessageKey } from "$lib/t";

/** What the right pane is about, beside cameras. */
export type Chosen = { readonly kind: "edge"; readonly edge: number } | { readonly kind: "unit" | "alert"; readonly id: string };

/** While one is in hand, clicks on the map are its own. */
export interface Tool {
  /** What to do with it, said on the map. */
  readonly hint: MessageKey;
  readonly point: (lon: number, lat: number) => void;
  /** Laid down by Escape. */
  readonly drop: () => void;
}

class MapDesk {
  map = $state.raw<CityMap | null>(null);
  tool = $state.raw<Tool | null>(null);
  chosen = $state.raw<Chosen | null>(null);
  /** Whether the signs of the map are explained on it. */
  legend = $state(typeof matchMedia === "undefined" || matchMedia("(min-width: 700px)").matches);

  /** Lays the tool down, and tells it so. */
  drop(): void {
    const { tool } = this;
    this.tool = null;
    tool?.drop();
  }
}

export const desk = new MapDesk();
