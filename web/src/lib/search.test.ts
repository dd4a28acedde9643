import { expect, test } from "vitest";
import { fit, fitCamera, isOneSlip, plain } from "./search";

const camera = (number: number, name: string) => ({ number, name, kecamatan: { name: "Wajo" }, agency: { short: "Dishub" } });

test("accents, signs and the words for street do not matter", () => {
  expect(plain("Jalan Dr. Sutòmo")).toBe("jl dr sutomo");
});

test("one letter added, lost, changed or swapped is forgiven", () => {
  expect(["petarani", "pettaarani", "pettorani", "petatrani"].map((slip) => isOneSlip(slip, "pettarani"))).toEqual([true, true, true, true]);
  expect(isOneSlip("patirani", "pettarani")).toBe(false);
});

test("each typed word must fit", () => {
  expect(fit("losari utara", "Anjungan Losari Utara")).toBeGreaterThan(0);
  expect(fit("losari barat", "Anjungan Losari Utara")).toBe(0);
});

test("digits mean the number, exact before beginnings", () => {
  const score = (number: number): number => fitCamera("21", camera(number, "Simpang 21"));

  expect(score(21)).toBeGreaterThan(score(214));
  expect(score(121)).toBe(0);
});

test("a name beats the place it stands in", () => {
  expect(fitCamera("wajo", camera(1, "Kantor Wajo"))).toBeGreaterThan(fitCamera("wajo", camera(2, "Pasar Butung")));
});
