/** Names of the areas whose codes stand in the audit: wards and districts, as the city's map has them. */
import { cityLayer, type LayerName } from "../map/layers";
import type { Choice } from "$lib/sheet/choice";
import { session } from "$lib/session.svelte";
import { t } from "$lib/t";

class AreaNames {
  private names = $state.raw<ReadonlyMap<string, string>>(new Map());
  /** To choose from: the city, its districts, then their wards; empty without a map. */
  readonly choices = $derived<Choice[]>(choicesOf(this.names, t("area.whole_city", { city: session.current?.city.name ?? "" })));
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
    return this.names.get(code) ?? this.choices.find(({ value }) => value === code)?.label ?? code;
  }
}

/** A ward carries the name of its district, since wards of different districts share names. */
export function named(areas: readonly { code: string; name: string }[]): Map<string, string> {
  const own = new Map(areas.map(({ code, name }) => [code, name]));
  return new Map(areas.map(({ code, name }) => [code, [name, own.get(code.slice(0, code.lastIndexOf(".")))].filter(Boolean).join(", ")]));
}

/** The city under the code that all its districts begin with, the districts, and the wards, each by name. */
export function choicesOf(names: ReadonlyMap<string, string>, city: string): Choice[] {
  const codes = [...names.keys()];
  const depth = Math.min(...codes.map((code) => code.split(".").length));
  const wider = [...new Set(codes.map((code) => code.split(".").slice(0, depth - 1).join(".")))];
  const [whole] = wider.length === 1 ? wider : [];
  const ranked = [...names].sort(([a, nameA], [b, nameB]) => a.split(".").length - b.split(".").length || nameA.localeCompare(nameB, "id"));
  return [...(whole ? [{ value: whole, label: city, note: whole }] : []), ...ranked.map(([code, name]) => ({ value: code, label: name, note: code }))];
}

const CODE = /^\d{2}(\.\d{2}(\.\d{2}(\.\d{4})?)?)?$/;

/** A typed area code, as a city that brings no map must still name its areas; null where it is none. */
export const areaCode = (typed: string): string | null => (CODE.test(typed.trim()) ? typed.trim() : null);

export const areas = new AreaNames();
