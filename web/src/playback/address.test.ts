import { describe, expect, it } from "vitest";
import { localIso, offsetOf, readAddress, readMoment, writeAddress } from "./address";

const WITA = 8 * 3_600_000;
const AT = Date.UTC(2026, 10, 24, 6, 17, 54, 600);

describe("the address of a replay", () => {
  it("is written with the city's offset and read back to the same moment", () => {
    const address = writeAddress([214, 211], AT, WITA);
    expect(address).toBe("/rekaman?kamera=214,211&t=2026-11-24T14:17:54.600%2B08:00");
    expect(readAddress(address.split("?")[1]!)).toEqual({ numbers: [214, 211], at: AT });
  });

  it("is read also with a plain plus, which browsers turn into a space", () => {
    expect(readAddress("t=2026-11-24T14:17:54.600+08:00").at).toBe(AT);
    expect(readAddress("t=2026-11-24T14:17:54.600 08:00").at).toBe(AT);
    expect(readAddress("t=2026-11-24T06:17:54.600Z").at).toBe(AT);
  });

  it("holds at most four cameras, each once", () => {
    expect(readAddress("kamera=1,2,2,3,4,5").numbers).toEqual([1, 2, 3, 4]);
  });

  it("of rubbish asks for nothing", () => {
    expect(readAddress("kamera=x,<b>&t=yesterday")).toEqual({ numbers: [], at: null });
  });
});

describe("a typed moment", () => {
  it.each([
    ["14.17.54,6", AT],
    ["14:17:54.600", AT],
    ["24-11 14.17.54,6", AT],
    ["23/11/2026 14.17", Date.UTC(2026, 10, 23, 6, 17)],
  ])("reads %j", (text, at) => {
    expect(readMoment(text, AT, WITA)).toBe(at);
  });

  it.each(["", "25.00", "14.61", "31-02 10.00", "noon", "14"])("refuses %j", (text) => {
    expect(readMoment(text, AT, WITA)).toBeNull();
  });
});

describe("the zone", () => {
  it("of Makassar is eight hours ahead", () => {
    expect(offsetOf("Asia/Makassar", AT)).toBe(WITA);
    expect(offsetOf("UTC", AT)).toBe(0);
  });

  it("behind UTC has a minus", () => {
    expect(localIso(AT, -3.5 * 3_600_000)).toBe("2026-11-24T02:47:54.600-03:30");
  });
});
