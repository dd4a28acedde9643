/** Moves the focus between the panes of a page, as F6 does on a desk. */

const CONTROLS = "button:not(:disabled), a[href], input:not(:disabled), select:not(:disabled), textarea, [tabindex='0']";

/** Focuses the first control of the next (1) or previous (-1) pane. */
export function focusPane(step: 1 | -1): void {
  const panes = [...document.querySelectorAll<HTMLElement>("[data-pane]")].filter((pane) => pane.offsetParent !== null);
  if (panes.length === 0) return;
  const here = panes.findIndex((pane) => pane.contains(document.activeElement));
  const next = panes[here < 0 ? 0 : (here + step + panes.length) % panes.length];
  next?.querySelector<HTMLElement>(CONTROLS)?.focus();
}
