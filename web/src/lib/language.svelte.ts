/** The language of the page: Indonesian unless the person chose otherwise. */

export type Language = "id" | "en";

const KEPT = "warroom.language";

function kept(): Language {
  try {
    return localStorage.getItem(KEPT) === "en" ? "en" : "id";
  } catch {
    return "id";
  }
}

class PageLanguage {
  current = $state<Language>(kept());

  /** Changes every text on the page at once and keeps the choice on this workstation. */
  set(language: Language): void {
    this.current = language;
    if (typeof document !== "undefined") document.documentElement.lang = language;
    try {
      localStorage.setItem(KEPT, language);
    } catch {
      // A browser that keeps nothing still shows the chosen language until it is closed.
    }
  }
}

export const language = new PageLanguage();
