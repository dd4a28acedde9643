import { describe, expect, it } from "vitest";
import { closed, contains, type Ring } from "../map/ring";
import { dayOf, draftOf, emptyDraft, lacks, requestBody } from "./requestDraft";
import type { AccessRequest } from "./types";

const ZONE = "Asia/Makassar";
const SQUARE: Ring = [
  [119.4, -5.2],
  [119.5, -5.2],
  [119.5, -5.1],
  [119.4, -5.1],
];

describe("a ring", () => {
  it("holds what lies inside, whichever way it was drawn", () => {
    for (const ring of [SQUARE, [...SQUARE].reverse()]) {
      expect(contains(ring, 119.45, -5.15)).toBe(true);
      expect(contains(ring, 119.55, -5.15)).toBe(false);
    }
  });

  it("leaves out what lies in its notch", () => {
    const notched: Ring = [...SQUARE, [119.45, -5.15]];
    expect(contains(notched, 119.41, -5.15)).toBe(false);
    expect(contains(notched, 119.48, -5.15)).toBe(true);
  });

  it("is closed for GeoJSON", () => {
    expect(closed(SQUARE)).toHaveLength(5);
    expect(closed([])).toEqual([]);
  });
});

describe("a request as it is typed", () => {
  it("says what it lacks, field by field", () => {
    const draft = { ...emptyDraft(Date.UTC(2026, 10, 24, 6), ZONE), until: "31-02-2026" };
    expect([...lacks(draft, ZONE)].sort()).toEqual(["basis_id", "case_number", "letter_number", "owners", "purpose", "things", "until", "users"]);
  });

  it("is sent with the city's times as instants", () => {
    const draft = { ...emptyDraft(0, ZONE), from: "24-11-2026 14.00", letter_date: "3-11-2026", cameras: "12, 214" };
    expect(requestBody(draft, ZONE)).toMatchObject({ starts_at: "2026-11-24T06:00:00.000Z", letter_date: "2026-11-03", cameras: [12, 214], footage_from: null });
  });

  it("comes back from what is kept unchanged", () => {
    const draft = { ...emptyDraft(Date.UTC(2026, 10, 24, 6), ZONE), owners: ["a"], people: ["p"], basis_id: "b", letter_number: "B-1", purpose: "Guna", case_number: "1", rings: [SQUARE] };
    const body = requestBody(draft, ZONE);
    const kept = { ...body, basis: { id: "b", label: "" }, owners: [{ id: "a", name: "" }], people: [{ id: "p", name: "" }] } as unknown as AccessRequest;
    expect(requestBody(draftOf(kept, ZONE), ZONE)).toEqual(body);
  });

  it("knows a day from what is none", () => {
    expect(dayOf("24-11-2026")).toBe("2026-11-24");
    expect(dayOf("2026-11-24")).toBeNull();
    expect(dayOf("30-02-2026")).toBeNull();
  });
});
