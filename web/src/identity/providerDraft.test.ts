import { expect, test } from "vitest";
import { isWrong, mapLines, readMap } from "./providerDraft";

const ids: Record<string, string> = { Damkar: "1", Dishub: "2" };
const idOf = (name: string): string | undefined => ids[name];

test("a map is typed as lines and read back", () => {
  const lines = mapLines({ PMK: "1", "a=b": "2" }, (id) => (id === "1" ? "Damkar" : "Dishub"));
  expect(lines).toBe("PMK = Damkar\na=b = Dishub");
  expect(readMap(lines, idOf)).toEqual({ PMK: "1", "a=b": "2" });
});

test("a line that means nothing is named", () => {
  for (const line of ["PMK", "= Damkar", "PMK = Tidak Ada"]) expect(readMap(`X = Dishub\n${line}`, idOf)).toEqual({ wrong: line });
  expect(isWrong({ wrong: "PMK" })).toBe(true);
  expect(isWrong(readMap("", idOf))).toBe(false);
});
