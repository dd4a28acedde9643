/** The scale bar: a round distance that fits into the given width. */

const EQUATOR_M_PER_PX = 40_075_016.686 / 512;

/** Metres of ground under one pixel of the map. */
export function metresPerPixel(lat: number, zoom: number): number {
  return (EQUATOR_M_PER_PX * Math.cos((lat * Math.PI) / 180)) / 2 ** zoom;
}

/** The longest of 1, 2 and 5 times a power of ten that is not wider than `most_px`. */
export function scaleBar(lat: number, zoom: number, most_px: number): { metres: number; width_px: number } {
  const perPixel = metresPerPixel(lat, zoom);
  const most = perPixel * most_px;
  const power = 10 ** Math.floor(Math.log10(most));
  const metres = [5, 2, 1].map((n) => n * power).find((n) => n <= most) ?? power;
  return { metres, width_px: metres / perPixel };
}
