import { expect, test } from "vitest";
import { apart, profileFor, rest, taken } from "./ways";
import type { Line } from "../roads/along";

/** Along the equator, and round it to the north; about 111 m for each 0.001. */
const BEFORE: Line = [[119.4, 0], [119.402, 0], [119.409, 0], [119.41, 0]];
const BETTER: Line = [[119.4, 0], [119.402, 0], [119.402, 0.001], [119.409, 0.001], [119.409, 0], [119.41, 0]];

test("a unit is on the way on whose line it drives", () => {
  expect(taken(BEFORE, BETTER, { lat: 0, lon: 119.401 })).toBe("both");
  expect(taken(BEFORE, BETTER, { lat: 0.0001, lon: 119.405 })).toBe("before");
  expect(taken(BEFORE, BETTER, { lat: 0.001, lon: 119.405 })).toBe("better");
  expect(taken(BEFORE, BETTER, { lat: -0.002, lon: 119.405 })).toBe("neither");
});

test("what is drawn of a way begins where the unit is", () => {
  expect(rest(BEFORE, { lat: 0, lon: 119.405 })).toEqual([[119.405, 0], [119.409, 0], [119.41, 0]]);
  expect(rest(BETTER, { lat: 0.001, lon: 119.405 })).toEqual([[119.405, 0.001], [119.409, 0.001], [119.409, 0], [119.41, 0]]);
  expect(rest(BEFORE, { lat: 0, lon: 119.4099 })).toEqual([[119.4099, 0], [119.41, 0]]);
});

test("a unit beside the way leaves all of it to be drawn", () => {
  expect(rest(BEFORE, { lat: 0.002, lon: 119.405 })).toBe(BEFORE);
});

test("the names of both ways stand where they are farthest apart", () => {
  expect(apart(BETTER, BEFORE).lat).toBe(0.001);
  expect(apart(BEFORE, BETTER)).toEqual({ lat: 0, lon: 119.4055 });
});

test("ways that are the same are named in the middle", () => {
  expect(apart(BEFORE, BEFORE).lon).toBeGreaterThan(119.4);
});

test("only an urgent engine drives as one", () => {
  expect(profileFor("engine", 2)).toBe("fire");
  expect(profileFor("engine", 3)).toBe("car");
  expect(profileFor("dishub", 1)).toBe("car");
});
