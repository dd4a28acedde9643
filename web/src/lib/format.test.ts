import { beforeEach, describe, expect, test } from "vitest";
import { age, bytes, cameraNumber, date, dateTime, distance, duration, fullTime, known, number, offset, reach, setZone, sinceTime, time, zonedTime } from "./format";
import { language } from "./language.svelte";

const AT = "2026-11-24T06:27:05.678Z";

beforeEach(() => {
  setZone("Asia/Makassar", "WITA");
  language.set("id");
});

describe("Indonesian", () => {
  test("times carry dots, the zone's word and tenths that are never rounded up", () => {
    expect(time(AT)).toBe("14.27.05");
    expect(time(AT, { tenths: true })).toBe("14.27.05,6");
    expect(date(AT)).toBe("Sel, 24 Nov 2026");
    expect(fullTime(AT)).toBe("Sel, 24 Nov 2026 14.27.05 WITA");
  });

  test("numbers group by dots and ages change their unit", () => {
    expect(number(1234567.8, 1)).toBe("1.234.567,8");
    expect(age(0.44)).toBe("0,4 dtk");
    expect(age(42.9)).toBe("42 dtk");
    expect(age(600)).toBe("10 mnt");
    expect(age(3 * 86_400)).toBe("3 hari");
  });

  test("how far footage reaches back is said in minutes, hours or days with a tenth, never rounded up", () => {
    expect(reach(0)).toBe("0,0 dtk");
    expect(reach(12 * 60)).toBe("12 mnt");
    expect(reach(5.9 * 3600)).toBe("5 jam");
    expect(reach(2.49 * 86_400)).toBe("2,4 hari");
  });

  test("a length of time is never rounded up", () => {
    expect(duration(221.9)).toBe("3.41");
    expect(duration(6738)).toBe("1.52.18");
  });
});

test("English uses colons and points, and still names the zone itself", () => {
  language.set("en");

  expect(fullTime(AT)).toBe("24 Nov 2026 14:27:05 WITA");
  expect(number(1234567.8, 1)).toBe("1,234,567.8");
  expect(duration(221)).toBe("3:41");
  expect(age(0.44)).toBe("0.4 s");
});

test("a moment of today goes without its day, another with it", () => {
  const nowMs = Date.parse(AT);

  expect(sinceTime("2026-11-24T00:00:00Z", nowMs)).toBe("08.00.00");
  expect(sinceTime("2026-11-23T15:59:00Z", nowMs)).toBe("23 Nov 23.59");
});

test("distances, bytes, clock offsets and camera numbers read as people say them", () => {
  expect(distance(999.4)).toBe("999 m");
  expect(distance(1400)).toBe("1,4 km");
  expect(bytes(3_100_000_000)).toBe("3,1 GB");
  expect(offset(38)).toBe("+0,038 dtk");
  expect(cameraNumber(7)).toBe("007");
});

test("a moment in a list tells its year only where that is not this one", () => {
  language.set("id");

  expect(dateTime(AT, Date.parse("2026-02-01T00:00:00Z"))).toBe("24 Nov 14.27.05");
  expect(dateTime(AT, Date.parse("2027-02-01T00:00:00Z"))).toBe("24 Nov 2026 14.27.05");
  expect(zonedTime(AT)).toMatch(/ WITA$/);
});

test("what nobody could count is not none", () => {
  expect([known(false, 0), known(false, 7), known(true, 0), known(true, 1200)]).toEqual(["?", "?", "0", "1.200"]);
});
