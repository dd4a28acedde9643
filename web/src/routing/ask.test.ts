import { describe, expect, it } from "vitest";
import { readAsk, stopText, turned, writeAsk } from "./ask";

const read = (text: string): ReturnType<typeof readAsk> => readAsk(new URLSearchParams(text));

describe("a route in the address", () => {
  it("is read as it was written", () => {
    const ask = { from: { lat: -5.13, lon: 119.4, name: "Losari, pantai" }, to: { lat: -5.14, lon: 119.41, name: "" }, profile: "fire" as const };
    const written = new URLSearchParams(Object.entries(writeAsk(ask)).map(([name, value]) => [name, value ?? ""]));

    expect(readAsk(written)).toEqual(ask);
  });

  it("has no stop where there is none on Earth", () => {
    expect(read("dari=91,0").from).toBeNull();
    expect(read("dari=x").from).toBeNull();
    expect(read("").to).toBeNull();
    expect(read("armada=tank").profile).toBe("car");
  });

  it("turns round", () => {
    const back = turned(read("dari=-5.1,119.4,A&ke=-5.2,119.5,B"));

    expect([back.from?.name, back.to?.name]).toEqual(["B", "A"]);
  });

  it("shows a place that was only pointed at by where it is", () => {
    expect(stopText(read("dari=-5.1,119.4").from)).toBe("-5.10000, 119.40000");
    expect(stopText(null)).toBe("");
  });
});
