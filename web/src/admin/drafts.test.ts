import { expect, test } from "vitest";
import { blankDraft, bodyOf, draftOf, problemsOf, readNumber, urlProblem, type StoredCamera } from "./cameraDraft";
import { callsigns, grantBody, isSideEmpty, kindsHeld, levelOf, levelsHeld, sidesOf, tagsIn, wordsOf, type GrantDraft, type Word } from "./grantDraft";

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

const words: Word[] = [
  { word: "camera:view", on: "camera", level: "view" }, { word: "live:view", on: "camera", level: "view" },
  { word: "ptz:move", on: "camera", level: "operate" }, { word: "access:break_glass", on: "camera", level: null },
  { word: "wall:view", on: "wall", level: "view" },
  { word: "unit:view", on: "unit", level: "view" }, { word: "unit:track", on: "unit", level: "manage" },
];
const grant: GrantDraft = {
  deny: false, on: "camera", target: "agency", to_agency_id: "polrestabes", person_id: "someone", level: "own", actions: ["live:view"], by: ["object", "class"],
  agencies: ["dishub"], places: ["73.71.01"], classes: ["standard"], tags: "", cameras: "12, 214; 999", units: "", from: "24-11-2026 08.00", until: "", reason: " Karnaval ", letter: "",
};

test("a grant names one target and only the limits that were chosen", () => {
  const ids = new Map([[12, "a"], [214, "b"]]);

  expect(grantBody(grant, words, "Asia/Makassar", (number) => ids.get(number))).toEqual({
    deny: false, to_agency_id: "polrestabes", person_id: null, actions: ["live:view"], agencies: null, places: null, classes: ["standard"], tags: null, objects: ["a", "b"],
    starts_at: "2026-11-24T00:00:00.000Z", ends_at: null, reason: "Karnaval", letter: "",
  });
});

test("a limit names at least one thing", () => {
  expect(isSideEmpty(grant, "object")).toBe(false);
  expect(isSideEmpty({ ...grant, cameras: "semua" }, "object")).toBe(true);
  expect(isSideEmpty({ ...grant, by: ["tag"], tags: " , " }, "tag")).toBe(true);
  expect(isSideEmpty({ ...grant, by: [] }, "agency")).toBe(false);
});

test("a level gives its words on cameras and those of the levels below, as far as they are held", () => {
  expect(wordsOf("view", words, "camera")).toEqual(["camera:view", "live:view"]);
  expect(wordsOf("operate", words, "camera")).toEqual(["camera:view", "live:view", "ptz:move"]);
  expect(levelsHeld(words, "camera")).toEqual(["view", "operate"]);
  expect(levelsHeld(words, "unit")).toEqual(["view", "manage"]);
  expect(kindsHeld(words)).toEqual(["camera", "unit", "wall"]);
  expect(grantBody({ ...grant, level: "operate" }, words, "Asia/Makassar", () => undefined)["actions"]).toContain("ptz:move");
});

test("vehicles are named by their callsigns, and only what is known of them is sent", () => {
  const draft: GrantDraft = { ...grant, on: "unit", level: "manage", by: ["object"], units: "Damkar 01, Derek 2; Damkar 01" };
  const body = grantBody(draft, words, "Asia/Makassar", () => "camera", (name) => (name === "Damkar 01" ? "u1" : undefined));

  expect(callsigns(draft.units)).toEqual(["Damkar 01", "Derek 2"]);
  expect(body).toMatchObject({ actions: ["unit:view", "unit:track"], objects: ["u1"], classes: null });
  expect(isSideEmpty({ ...draft, units: " , " }, "object")).toBe(true);
});

test("a kind of thing is limited only by what its things have", () => {
  expect(sidesOf("camera")).toEqual(sidesOf("unit"));
  expect(sidesOf("task")).toEqual(["agency", "place"]);
  expect(sidesOf("road")).toEqual([]);
  expect(sidesOf("webhook")).toEqual(["agency"]);
});

test("what was given is called by its level only where it is exactly that", () => {
  expect(levelOf(["live:view", "camera:view"], words)).toEqual({ level: "view", on: "camera" });
  expect(levelOf(["unit:track", "unit:view"], words)).toEqual({ level: "manage", on: "unit" });
  expect(levelOf(["live:view"], words)).toBeNull();
});

test("tags are small, single and without blanks", () => {
  expect(tagsIn("Arteri, pasar ; arteri,")).toEqual(["arteri", "pasar"]);
});

test("a camera that turns keeps where it is asked to, and an emptied address is sent as such", () => {
  const turning = { ...stored, is_ptz: true, control_url: "http://10.20.1.14/onvif", pan_span_deg: 355 } as StoredCamera;
  const draft = draftOf(turning);

  expect(bodyOf(draft, draftOf(turning))).toMatchObject({ control_url: "http://10.20.1.14/onvif", pan_span_deg: 355 });
  draft.control_url = " ";
  draft.pan_span_deg = "";
  expect(bodyOf(draft, draftOf(turning))).toMatchObject({ control_url: "", pan_span_deg: null });
});
