/** Dark, light or night. It belongs to the workstation, not to the person. */

export type Theme = "dark" | "light" | "night";

const KEPT = "warroom.theme";

function kept(): Theme {
  try {
    const word = localStorage.getItem(KEPT);
    return word === "light" || word === "night" ? word : "dark";
  } catch {
    return "dark";
  }
}

class WorkstationTheme {
  current = $state<Theme>("dark");

  constructor() {
    if (typeof document !== "undefined") this.set(kept());
  }

  set(theme: Theme): void {
    this.current = theme;
    document.documentElement.dataset["theme"] = theme;
    try {
      localStorage.setItem(KEPT, theme);
    } catch {
      // Then the theme holds until the page is closed.
    }
  }
}

export const theme = new WorkstationTheme();
