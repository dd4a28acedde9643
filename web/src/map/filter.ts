/** Which cameras the list and the map show; kept in the address so that a view can be sent. */
import { fitCamera } from "$lib/search";
import type { Camera, CameraStateWord } from "$lib/types";

export interface CameraFilter {
  text: string;
  state: CameraStateWord | "";
  /** Short name of the agency. */
  agency: string;
  /** Code of the kecamatan. */
  kecamatan: string;
}

const STATES: readonly string[] = ["live", "late", "offline", "unknown"];

/** Reads the filter of an address. */
export function readFilter(query: URLSearchParams): CameraFilter {
  const state = query.get("keadaan") ?? "";
  return {
    text: query.get("q") ?? "",
    state: STATES.includes(state) ? (state as CameraStateWord) : "",
    agency: query.get("lembaga") ?? "",
    kecamatan: query.get("kecamatan") ?? "",
  };
}

/** The parts of an address that hold the filter. */
export function writeFilter(filter: CameraFilter): Record<string, string | null> {
  return {
    q: filter.text || null,
    keadaan: filter.state || null,
    lembaga: filter.agency || null,
    kecamatan: filter.kecamatan || null,
  };
}

/** Says whether anything is filtered at all. */
export function isFiltering(filter: CameraFilter): boolean {
  return filter.text.trim() !== "" || filter.state !== "" || filter.agency !== "" || filter.kecamatan !== "";
}

/** Says whether a camera passes. */
export function passes(filter: CameraFilter, camera: Camera): boolean {
  if (filter.state !== "" && camera.state.state !== filter.state) return false;
  if (filter.agency !== "" && camera.agency.short !== filter.agency) return false;
  if (filter.kecamatan !== "" && camera.kecamatan?.code !== filter.kecamatan) return false;
  return filter.text.trim() === "" || fitCamera(filter.text, camera) > 0;
}
