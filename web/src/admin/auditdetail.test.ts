import { beforeEach, expect, test } from "vitest";
import { linesOf } from "./auditdetail";
import { setZone } from "$lib/format";
import { language } from "$lib/language.svelte";

const ID = "01a2125d-ea12-7935-87b1-1341baa789bc";
const nobody = (): null => null;
const textOf = (detail: Record<string, unknown>, nameOf: (id: string) => string | null = nobody): string =>
  linesOf(detail, nameOf)
    .lines.map(({ label, text }) => `${label}: ${text}`)
    .join(" | ");

beforeEach(() => {
  setZone("Asia/Makassar", "WITA");
  language.set("en");
});

test("what was and what is are told as a change, a list as a list", () => {
  expect(textOf({ title: ["Operator", "Supervisor"], actions: ["camera:view", "live:view"] })).toBe(
    "Title: Operator to Supervisor | Actions: See cameras listed, Live pictures",
  );
});

test("instants carry the zone, flags and nothing their words", () => {
  expect(textOf({ ends_at: "2026-11-24T06:27:05Z", is_active: false, letter: "" })).toBe("Ends: 24 Nov 2026 14:27:05 WITA | Active: No | Letter: empty");
});

test("an id is told by its name, and left out where the reader knows none", () => {
  expect(textOf({ person: ID }, () => "Andi")).toBe("Person: Andi");
  expect(linesOf({ person: ID, count: 2 }, nobody)).toEqual({ lines: [{ label: "Count", text: "2" }], isWhole: false });
});

test("what is inside is told in the same words, and a word that nobody knows is no key", () => {
  expect(textOf({ filters: { action: "live:view" }, never_heard: 1 })).toBe("Filters: Action: Live pictures | Other: 1");
});
