import { expect, test } from "vitest";
import { match } from "./routes";

test("addresses find their page and their changing part", () => {
  expect(match("/kamera/214")?.params).toEqual({ number: "214" });
  expect(match("/peta/")?.route.title).toBe("page.map");
  expect(match("/masuk/abc%2Fd")?.params).toEqual({ token: "abc/d" });
});

test("what is no page is none", () => {
  expect(["/", "/kamera", "/kamera/", "/admin", "/peta/x"].map(match)).toEqual([null, null, null, null, null]);
});

test("the map is for whoever may see anything on it", () => {
  expect(match("/peta")?.route.needs).toEqual(["camera:view", "traffic:view", "unit:view", "route:view"]);
});
