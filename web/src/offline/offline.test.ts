import { describe, expect, it } from "vitest";
import { wayOf } from "./rules";

const files = new Set(["/index.html", "/assets/a-1.js"]);
const way = (path: string, more: Partial<Request> = {}): string => wayOf({ method: "GET", mode: "cors", url: `https://ops.example${path}`, ...more }, "https://ops.example", files);

describe("the worker behind the phone page", () => {
  it("never answers for the server: what it knows is asked of it each time", () => {
    expect([way("/api/dispatch/duty"), way("/ws"), way("/api/session"), way("/assets/b-2.js")]).toEqual(Array(4).fill("network"));
    expect(way("/api/dispatch/assignments/1/stamps", { method: "POST" })).toBe("network");
    expect(way("/assets/a-1.js", { method: "HEAD" })).toBe("network");
  });

  it("has the files of its own build, and the page", () => {
    expect(way("/assets/a-1.js")).toBe("kept");
    expect(way("/tugas", { mode: "navigate" })).toBe("page");
    expect(wayOf({ method: "GET", mode: "cors", url: "https://elsewhere.example/index.html" }, "https://ops.example", files)).toBe("network");
  });
});
