import { expect, test } from "vitest";
import { blankDraft, bodyOf, draftOf, problemsOf, readNumber, urlProblem, type StoredCamera } from "./cameraDraft";
import { grantBody, isOnMissing, type GrantDraft } from "./grantDraft";

const stored = {
  number: 214, name: "Flyover Urip 2", place: "Jl. Urip", agency: { id: "dishub" }, tags: ["arteri"], lat: -5.13, lon: 119.44,
  height_m: null, bearing_deg: 209, fov_deg: 84, range_m: 100, is_ptz: false, enabled: true, simulated: false, notes: null,
  streams: [{ role: "main", url: "rtsp://10.20.1.14/main", transport: "tcp", has_password: true }],
} as unknown as StoredCamera;

test("a camera that was not touched sends no stream, so its password stays", () => {
  const draft = draftOf(stored);

  expect(bodyOf(draft, draftOf(stored))).toMatchObject({ number: 214, height_m: null, streams: [] });
});

test("a new address is sent without a login that nobody typed", () => {
  const draft = draftOf(stored);
  draft.main.url = "rtsp://10.20.1.15/main";

  expect(bodyOf(draft, draftOf(stored))["streams"]).toEqual([{ role: "main", url: "rtsp://10.20.1.15/main", transport: "tcp" }]);
});

test("a new login goes with its stream", () => {
  const draft = blankDraft("dishub");
  Object.assign(draft.main, { url: "rtsp://10.20.1.15/main", username: "wr", password: "rahasia" });

  expect(bodyOf(draft, blankDraft("dishub"))["streams"]).toEqual([{ role: "main", url: "rtsp://10.20.1.15/main", transport: "tcp", username: "wr", password: "rahasia" }]);
});

test("what the server would refuse is said before", () => {
  const draft = { ...blankDraft(""), number: "dua", name: " ", lat: "5,x", lon: "119,4" };

  expect(problemsOf(draft)).toEqual({ number: "admin.not_a_number", name: "admin.required", lat: "admin.not_a_number", agency_id: "admin.required" });
});

test("a decimal comma is a decimal point", () => {
  expect(readNumber(" -5,1478 ")).toBe(-5.1478);
  expect(readNumber("")).toBeNull();
});

test("logins do not belong into the address, and only rtsp is one", () => {
  expect(urlProblem("rtsp://admin:x@10.0.0.1/1")).toBe("camera_form.url_has_login");
  expect(urlProblem("http://10.0.0.1/")).toBe("camera_form.url_scheme");
  expect(urlProblem("rtsp://10.0.0.1/a@b")).toBeNull();
});

const grant: GrantDraft = {
  deny: false, target: "agency", to_agency_id: "polrestabes", person_id: "someone", actions: ["live:view"], on: "cameras",
  agencies: ["dishub"], places: ["73.71.01"], cameras: "12, 214; 999", from: "24-11-2026 08.00", until: "", reason: " Karnaval ", letter: "",
};

test("a grant names one target and only the things that were chosen", () => {
  const ids = new Map([[12, "a"], [214, "b"]]);

  expect(grantBody(grant, "Asia/Makassar", (number) => ids.get(number))).toEqual({
    deny: false, to_agency_id: "polrestabes", person_id: null, actions: ["live:view"], agencies: null, places: null, objects: ["a", "b"],
    starts_at: "2026-11-24T00:00:00.000Z", ends_at: null, reason: "Karnaval", letter: "",
  });
});

test("a grant on a kind of things names at least one of them", () => {
  expect(isOnMissing(grant)).toBe(false);
  expect(isOnMissing({ ...grant, cameras: "semua" })).toBe(true);
  expect(isOnMissing({ ...grant, on: "places", places: [] })).toBe(true);
  expect(isOnMissing({ ...grant, on: "all" })).toBe(false);
});
