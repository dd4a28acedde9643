/** The parts of the page, in their order. */
export const VIEWS = ["processing", "retention", "deleted", "cases", "breaches", "assessment"] as const;
export type View = (typeof VIEWS)[number];

/** The part that an address names; the first where it names none. */
export function viewOf(named: string | null): View {
  return VIEWS.find((one) => one === named) ?? "processing";
}
