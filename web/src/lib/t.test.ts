import { beforeEach, expect, test } from "vitest";
import en from "$locales/en.json";
import id from "$locales/id.json";
import { language } from "./language.svelte";
import { isMessageKey, t, tOr } from "./t";

beforeEach(() => language.set("id"));

test("Indonesian is spoken first, English on demand, parameters filled in", () => {
  expect(t("unit.seconds", { n: "0,4" })).toBe("0,4 dtk");
  language.set("en");
  expect(t("unit.seconds", { n: "0.4" })).toBe("0.4 s");
});

test("a parameter that is missing stays visible instead of vanishing", () => {
  expect(t("unit.seconds")).toBe("{n} dtk");
});

test("a key that only the server knows falls back", () => {
  expect(isMessageKey("toString")).toBe(false);
  expect(tOr("error.no.such.code", "error.internal")).toBe(id["error.internal"]);
});

test("both languages hold the same keys", () => {
  expect(Object.keys(en)).toEqual(Object.keys(id));
});

test("the name of a field is said in words, and as it is where it has none", () => {
  expect(t("error.cameras.field_missing", { field: "lat" })).toBe("Kolom lintang wajib diisi.");
  expect(t("error.cameras.field_missing", { field: "xyz" })).toBe("Kolom xyz wajib diisi.");
});

test("a count of one is said in the singular, and any other in the plural", () => {
  language.set("en");
  expect(t("camera.gaps", { count: 1, length: "2 min" })).toBe("1 gap, 2 min");
  expect(t("camera.gaps", { count: 0, length: "2 min" })).toBe("0 gaps, 2 min");
  expect(t("table.rows", { n: "1" })).toBe("1 row");
  expect(t("table.rows", { n: "1,001" })).toBe("1,001 rows");
  language.set("id");
  expect(t("camera.gaps", { count: 1, length: "2 menit" })).toBe("1 celah, 2 menit");
});
