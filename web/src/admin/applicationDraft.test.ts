import { expect, test } from "vitest";
import { applicationBody, words, type ApplicationDraft } from "./applicationDraft";
import type { Application } from "./types";

const draft: ApplicationDraft = { name: " Peta ", purpose: "", agency_id: "a", actions: ["camera:view"], on: "own", places: ["73.71.04"], tags: "pasar, pelabuhan" };

test("only the kind of limit that is chosen is sent", () => {
  expect(applicationBody(draft, null)).toMatchObject({ name: "Peta", reach: "own", places: null, tags: null, with_grants: false });
  expect(applicationBody({ ...draft, on: "places" }, null)).toMatchObject({ places: ["73.71.04"], tags: null });
  expect(applicationBody({ ...draft, on: "tags" }, null)).toMatchObject({ places: null, tags: ["pasar", "pelabuhan"] });
  expect(applicationBody({ ...draft, on: "grants" }, null)).toMatchObject({ with_grants: true, places: null });
  expect(applicationBody({ ...draft, on: "city" }, null)).toMatchObject({ reach: "city", places: null });
});

test("single things chosen elsewhere are kept, unless the limit goes", () => {
  const stored = { objects: ["x"] } as Application;
  expect(applicationBody(draft, stored)["objects"]).toEqual(["x"]);
  expect(applicationBody({ ...draft, on: "grants" }, stored)["objects"]).toBeNull();
});

test("words are parted by commas and lines", () => {
  expect(words(" 10.20.0.0/16,\n10.20.4.17 ; ")).toEqual(["10.20.0.0/16", "10.20.4.17"]);
});
