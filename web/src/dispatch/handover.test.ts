import { describe, expect, it } from "vitest";
import { leftFor, readersOf, type Handover } from "./handover";

const read = (item: string, person_id: string): Handover["reads"][number] => ({ item, person_id, person: person_id, at: "2026-11-24T06:00:00Z" });
const handover: Handover = {
  id: "1", written_at: "", written_by_name: null, taken_over: null, notes: "", sha256: "", holds: true, is_own: false,
  content: { at: "", incidents: [], units: [], calls: [], outages: { edge: "", cameras: {} } },
  items: ["incident:7", "units", "notes"],
  reads: [read("units", "pagi"), read("units", "siang"), read("notes", "siang")],
};

describe("the handing over of a shift", () => {
  it("is read by each person for themselves", () => {
    expect(leftFor(handover, "pagi")).toEqual(["incident:7", "notes"]);
    expect(leftFor(handover, "siang")).toEqual(["incident:7"]);
    expect(leftFor(handover, "malam")).toEqual(handover.items);
    expect(readersOf(handover, "units").map(({ person }) => person)).toEqual(["pagi", "siang"]);
  });
});
