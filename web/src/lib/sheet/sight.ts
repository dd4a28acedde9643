/** Which rows of a long list are in sight, with a few to spare on both sides. */

const SPARE = 8;

export interface Sight {
  first: number;
  /** One behind the last row to be drawn. */
  last: number;
}

/** Rows to draw of a list scrolled by `top_px`; all of them while the list is short. */
export function sight(top_px: number, height_px: number, row_px: number, count: number, allUpTo = 200): Sight {
  if (count <= allUpTo) return { first: 0, last: count };
  const first = Math.max(0, Math.floor(top_px / row_px) - SPARE);
  const last = Math.min(count, Math.ceil((top_px + height_px) / row_px) + SPARE);
  return { first: Math.min(first, last), last };
}

/** Where to scroll so that a row is in sight; the old place if it is already. */
export function scrollToRow(row: number, row_px: number, top_px: number, height_px: number): number {
  const y = row * row_px;
  if (y < top_px) return y;
  return y + row_px > top_px + height_px ? y + row_px - height_px : top_px;
}
