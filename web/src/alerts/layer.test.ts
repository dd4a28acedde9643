import { expect, test } from "vitest";
import { features } from "./layer";
import type { Alert } from "./types";
import { boxOf } from "../map/ring";

const SQUARE: [number, number][] = [[-5.2, 119.3], [-5.2, 119.5], [-5, 119.5], [-5, 119.3], [-5.2, 119.3]];
const info = (language: string, headline: string) => ({ language, headline, event: "", areas: [{ description: "", polygons: [SQUARE], circles: [] }] });
const alert = (id: string, severity: string): Alert => ({ id, severity, identifier: id, body: { note: "", infos: [info("id", "Hujan lebat"), info("en", "Heavy rain")] } }) as unknown as Alert;

test("an outline that is told in two languages is drawn once, with what it says in the reader's", () => {
  const { features: drawn } = features([alert("a", "Severe"), alert("b", "Minor")], "en", "b");

  expect(drawn.map(({ properties }) => properties)).toEqual([
    { id: "a", name: "Heavy rain", grave: 1, chosen: 0 },
    { id: "b", name: "Heavy rain", grave: 0, chosen: 1 },
  ]);
});

test("an alert that draws nothing has no outline to be hit", () => {
  const bare = { ...alert("a", "Minor"), body: { note: "", infos: [] } };

  expect(features([bare], "id", null).features).toEqual([]);
});

test("the box holds all rings, and none is no box", () => {
  expect(boxOf([[[119.3, -5.2], [119.5, -5]], [[119.2, -5.1]]])).toEqual([119.2, -5.2, 119.5, -5]);
  expect(boxOf([])).toBeNull();
});
