/** What the chosen unit's panel and the map share: its track, and whether the map goes with it. */
import type { Position } from "geojson";

class Watched {
  track = $state.raw<readonly Position[]>([]);
  /** Id of the unit that the map follows. */
  follows = $state<string | null>(null);
}

export const watched = new Watched();
