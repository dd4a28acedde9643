/** Names of the areas whose codes stand in the audit: wards and districts, as the city's map has them. */
import { cityLayer, type LayerName } from "../map/layers";
import { session } from "$lib/session.svelte";

class AreaNames {
  private names = $state.raw<ReadonlyMap<string, string>>(new Map());
  private asked = false;

  /** Fetches them once for those who may see the map; without them the codes stay. */
  async load(): Promise<void> {
    if (this.asked || !session.may("city:view")) return;
    this.asked = true;
    const layers = await Promise.all((["kecamatan", "kelurahan"] satisfies LayerName[]).map((name) => cityLayer(name).catch(() => null)));
    this.names = named(layers.flatMap((layer) => (layer?.features ?? []).map(({ properties }) => ({ code: String(properties?.["code"]), name: String(properties?.["name"]) }))));
  }

  /** "Losari, Ujung Pandang" of a ward, "Ujung Pandang" of a district; the code where no name is known. */
  nameOf(code: string): string {
    return this.names.get(code) ?? code;
  }
}

/** A ward carries the name of its district, since wards of different districts share names. */
export function named(areas: readonly { code: string; name: string }[]): Map<string, string> {
  const own = new Map(areas.map(({ code, name }) => [code, name]));
  return new Map(areas.map(({ code, name }) => [code, [name, own.get(code.slice(0, code.lastIndexOf(".")))].filter(Boolean).join(", ")]));
}

export const areas = new AreaNames();
