import { describe, expect, it } from "vitest";
import { countPictures, divide, emptyWall, fromQuery, nextFree, send, swap, toQuery } from "./state";

describe("the wall's address", () => {
  it("brings the same wall back", () => {
    let wall = emptyWall(9);
    wall = send(send(wall, 1, ["214"]), 3, ["211", "088"]);
    wall = { ...wall, dwellS: 15, cycling: false, selected: 3 };
    expect(toQuery(wall)).toBe("l=9&m=214;;211+088&d=15&c=0&s=3");
    expect(fromQuery(toQuery(wall))).toEqual(wall);
  });

  it("is read also when the browser has encoded it", () => {
    expect(fromQuery("?l=4&m=214%3B%3B211%2B088")?.monitors).toEqual([["214"], [], ["211", "088"], []]);
  });

  it.each(["", "l=0", "l=99", "l=x&m=1"])("of rubbish %j is no wall", (query) => {
    expect(fromQuery(query)).toBeNull();
  });

  it("lets nothing through that is no camera number", () => {
    expect(fromQuery("l=1&m=<b>")?.monitors).toEqual([[]]);
  });

  it("never asks for a dwell that cannot be read", () => {
    expect(fromQuery("l=1&d=1")?.dwellS).toBe(5);
  });
});

describe("monitors", () => {
  it("change places when one is dragged onto another", () => {
    const wall = swap(send(send(emptyWall(4), 1, ["a"]), 2, ["b"]), 1, 2);
    expect(wall.monitors).toEqual([["b"], ["a"], [], []]);
    expect(wall.selected).toBe(2);
  });

  it("keep their picture when the wall is divided otherwise, and get it back", () => {
    const nine = send(emptyWall(9), 7, ["x"]);
    const four = divide(nine, 4);
    expect(four.count).toBe(4);
    expect(divide(four, 9).monitors[6]).toEqual(["x"]);
  });

  it("are filled from the first free one", () => {
    expect(nextFree(send(emptyWall(4), 1, ["a"]))).toBe(2);
    const full = [1, 2, 3, 4].reduce((wall, n) => send(wall, n, ["a"]), emptyWall(4));
    expect(nextFree({ ...full, selected: 3 })).toBe(3);
  });
});

describe("the summary", () => {
  it("counts frozen as stale and the rest by name", () => {
    expect(countPictures(["live", "live", "frozen", "stale", "offline", "refused", "starting", null])).toEqual({
      live: 2,
      late: 0,
      stale: 2,
      offline: 1,
      refused: 1,
      other: 1,
      empty: 1,
    });
  });
});
