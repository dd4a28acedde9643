import { beforeEach, describe, expect, it } from "vitest";
import { capabilityChoices, kindChoices, typeChoices, typeWord } from "./runcards";
import { language } from "$lib/language.svelte";

const QUESTIONS = [
  { code: "fire_house", family: "fire", name: { id: "Kebakaran, rumah", en: "Fire, house" } },
  { code: "crash", family: "crash", name: { id: "Kecelakaan lalu lintas", en: "Road crash" } },
  { code: "fire_boat", family: "fire", name: { id: "Kebakaran, kapal", en: "Fire, boat" } },
];

describe("what a run card can be for", () => {
  beforeEach(() => {
    language.current = "en";
  });

  it("is everything, each family once, and each type, by name", () => {
    expect(typeChoices(QUESTIONS).map(({ value, label }) => `${value} ${label}`)).toEqual([
      "* Every event",
      "family:crash All types: Crash",
      "family:fire All types: Fire",
      "fire_boat Fire, boat",
      "fire_house Fire, house",
      "crash Road crash",
    ]);
  });

  it("is nothing yet before the types came: no code is called unknown until then", () => {
    expect(typeChoices([])).toEqual([]);
  });

  it("is named in the language of the page", () => {
    language.current = "id";

    expect(["*", "family:fire", "crash"].map((code) => typeWord(code, QUESTIONS))).toEqual(["Semua kejadian", "Semua jenis: Kebakaran", "Kecelakaan lalu lintas"]);
  });

  it("stays a code where nobody knows it", () => {
    expect(typeWord("volcano", QUESTIONS)).toBe("volcano");
  });
});

describe("kinds and capabilities", () => {
  it("are those that have a word and those that units of the city carry, each once", () => {
    language.current = "en";
    const kinds = kindChoices(["engine", "drone", "drone"]);

    expect(kinds.filter(({ value }) => value === "engine")).toHaveLength(1);
    expect(kinds.find(({ value }) => value === "drone")?.label).toBe("drone");
    expect(capabilityChoices([]).map(({ label }) => label)).toContain("advanced life support");
  });
});
