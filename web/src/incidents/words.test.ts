import { describe, expect, it } from "vitest";
import { logWord, theirNumber } from "./words";
import { language } from "$lib/language.svelte";

describe("an incident of another centre", () => {
  it("is called by the number that they say, else by all that they wrote", () => {
    expect(theirNumber("urn:emergency:uid:incidentid:GOWA-2026-17:gowa.example")).toBe("GOWA-2026-17");
    expect(theirNumber("17/XI")).toBe("17/XI");
  });

  it("says in its log from whom it came", () => {
    language.current = "en";

    expect(logWord({ kind: "received", detail: { from: "gowa.example", reference: "x" }, reason: "" })).toBe("Taken in from another centre: gowa.example");
  });
});
