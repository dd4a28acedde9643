/** The language of the page: what the person chose, else the first of the city. */

/** ISO 639-1, as the city's profile offers it. */
export type Language = string;

const KEPT = "warroom.language";

function kept(): Language | null {
  try {
    const found = localStorage.getItem(KEPT);
    return found !== null && /^[a-z]{2,3}$/.test(found) ? found : null;
  } catch {
    return null;
  }
}

class PageLanguage {
  /** What was chosen on this workstation; null where nothing was. */
  chosen = $state<Language | null>(kept());
  current = $state<Language>(kept() ?? "id");
  /** Texts of the city's profile by language, above those of the product. */
  texts = $state.raw<Readonly<Record<string, Readonly<Record<string, string>>>>>({});
  /** Told of a choice, to fetch what texts it needs. */
  onchosen: (language: Language) => void = () => undefined;

  /** Changes every text on the page at once and keeps the choice on this workstation. */
  set(language: Language): void {
    this.chosen = language;
    this.show(language);
    this.onchosen(language);
    try {
      localStorage.setItem(KEPT, language);
    } catch {
      // A browser that keeps nothing still shows the chosen language until it is closed.
    }
  }

  /** Changes every text on the page, as nobody chose. */
  show(language: Language): void {
    this.current = language;
    if (typeof document !== "undefined") document.documentElement.lang = language;
  }

  /** The locale by which numbers and times are written. */
  get locale(): string {
    return LOCALES[this.current] ?? this.current;
  }
}

const LOCALES: Readonly<Record<string, string>> = { id: "id-ID", en: "en-GB" };

export const language = new PageLanguage();
