/** What the city's profile says: its languages, texts of its own, whether it has a logo. */
import { api } from "./api";
import { language } from "./language.svelte";

export interface Spoken {
  code: string;
  /** What speakers of it call it. */
  name: string;
}

interface Told {
  name: string;
  languages: Spoken[];
  own_texts: string[];
  has_logo: boolean;
}

class City {
  /** The first is spoken to who chose none; until the server answers, those that the page holds. */
  languages = $state.raw<Spoken[]>([
    { code: "id", name: "Bahasa Indonesia" },
    { code: "en", name: "English" },
  ]);
  name = $state("");
  hasLogo = $state(false);
  #ownTexts: readonly string[] = [];

  constructor() {
    language.onchosen = (code) => void this.#fetch(code);
  }

  /** Asks for the profile; a server that is away leaves what the page holds. */
  async load(): Promise<void> {
    const told = await api.get<Told>("/api/city").catch(() => null);
    if (told === null) return;
    this.languages = told.languages;
    this.name = told.name;
    this.hasLogo = told.has_logo;
    this.#ownTexts = told.own_texts;
    const codes = told.languages.map(({ code }) => code);
    const wanted = language.chosen !== null && codes.includes(language.chosen) ? language.chosen : (codes[0] ?? "en");
    await this.#fetch(wanted);
    language.show(wanted);
  }

  /** Texts of the profile in a language, once; without them the page speaks as the product does. */
  async #fetch(code: string): Promise<void> {
    if (!this.#ownTexts.includes(code) || language.texts[code] !== undefined) return;
    const texts = await api.get<Record<string, string>>(`/api/city/texts/${code}`).catch(() => null);
    if (texts !== null) language.texts = { ...language.texts, [code]: texts };
  }
}

export const city = new City();
