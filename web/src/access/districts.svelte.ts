/** The city's districts by name, for those who see no camera there as well. */
import { cityLayer } from "../map/layers";

export interface District {
  code: string;
  name: string;
}

class Districts {
  list = $state.raw<District[]>([]);
  #asked = false;

  /** Fetches them once; without a city pack the list stays empty and numbers can still be typed. */
  async load(): Promise<void> {
    if (this.#asked) return;
    this.#asked = true;
    const layer = await cityLayer("kecamatan").catch(() => null);
    const found = (layer?.features ?? []).map(({ properties }) => ({ code: String(properties?.["code"]), name: String(properties?.["name"]) }));
    this.list = found.sort((a, b) => a.name.localeCompare(b.name, "id"));
  }

  nameOf(code: string): string {
    return this.list.find((district) => district.code === code)?.name ?? code;
  }
}

export const districts = new Districts();
