import { describe, expect, it } from "vitest";
import { findCameras } from "./find";

const camera = (number: number, name: string, place = "", kelurahan = "Sinrijala") => ({
  number,
  name,
  place,
  kelurahan: { code: "1", name: kelurahan },
  kecamatan: { code: "2", name: "Panakkukang" },
  agency: { id: "a", name: "Dinas Perhubungan", short: "Dishub" },
  tags: ["simpang"],
});
const ALL = [camera(88, "Losari"), camera(214, "Flyover Urip 2", "Jl. Urip Sumoharjo"), camera(21, "Pasar Sentral"), camera(402, "Lr. 5 Kandea", "", "Bontoala Tua")];

describe("finding a camera", () => {
  it("puts the exact number first", () => {
    expect(findCameras(ALL, "21").map((c) => c.number)).toEqual([21, 214]);
    expect(findCameras(ALL, "088").map((c) => c.number)).toEqual([88]);
  });

  it("takes words of name, street, kelurahan and agency together", () => {
    expect(findCameras(ALL, "urip fly").map((c) => c.number)).toEqual([214]);
    expect(findCameras(ALL, "bontoala").map((c) => c.number)).toEqual([402]);
    expect(findCameras(ALL, "dishub losari").map((c) => c.number)).toEqual([88]);
  });

  it("shows all for an empty text and none for a stranger", () => {
    expect(findCameras(ALL, "  ")).toHaveLength(4);
    expect(findCameras(ALL, "zzz")).toEqual([]);
  });
});
