/** Sorting of table rows: numbers as numbers, words as the language sorts them, the unknown last. */

export interface SortOrder {
  key: string;
  direction: "ascending" | "descending";
}

const words = new Intl.Collator("id", { numeric: true, sensitivity: "base" });

/** Gives the rows in order, as a new list; rows without a value stay at the end either way. */
export function sortRows<Row>(
  rows: readonly Row[],
  value: (row: Row) => string | number | null,
  direction: SortOrder["direction"],
): Row[] {
  const sign = direction === "ascending" ? 1 : -1;
  return [...rows].sort((a, b) => {
    const [x, y] = [value(a), value(b)];
    if (x === null || y === null) return x === y ? 0 : x === null ? 1 : -1;
    if (typeof x === "number" && typeof y === "number") return sign * (x - y);
    return sign * words.compare(String(x), String(y));
  });
}
