import { describe, expect, it } from "vitest";
import { hintSentence, lasting, problemWord, sentenceOf } from "./auditwords";
import type { AuditEntry, AuditHint } from "./types";
import { setZone } from "$lib/format";
import { language } from "$lib/language.svelte";

const look: AuditEntry = {
  seq: 1,
  at: "2026-11-24T06:00:00.000Z",
  person: { id: "p", name: "Sri Wahyuni" },
  agency: "Polrestabes",
  action: "live:view",
  object_kind: "camera",
  object_id: "c",
  object_label: "CAM-014 Losari",
  place: null,
  reason: null,
  address: null,
  door: "web",
  detail: {},
};

describe("an entry of the audit", () => {
  it("is one plain sentence in the language of the page", () => {
    setZone("Asia/Makassar", "WITA");
    const entry = { ...look, seconds: 180, purpose: "penyidikan", reason: "kecelakaan" };
    language.current = "id";
    expect(sentenceOf(entry)).toMatch(/^Sri Wahyuni melihat CAM-014 Losari langsung selama 3 menit, untuk penyidikan, karena kecelakaan$/);
    language.current = "en";
    expect(sentenceOf(entry)).toMatch(/^Sri Wahyuni watched CAM-014 Losari live for 3 min, for penyidikan, because of kecelakaan$/);
    language.current = "id";
  });

  it("tells lengths in seconds, minutes or hours", () => {
    expect([12.4, 89, 90, 5399, 5400].map(lasting)).toEqual(["12 detik", "89 detik", "2 menit", "90 menit", "1,5 jam"]);
  });

  it("says which footage was played", () => {
    const entry = { ...look, action: "recording:view", detail: { from: "2026-11-24T05:00:00Z", to: "2026-11-24T05:02:00Z" } };
    expect(sentenceOf(entry)).toMatch(/^Sri Wahyuni memutar rekaman CAM-014 Losari, dari .*13[.:]00.* sampai .*13[.:]02/);
  });

  it("has a sentence for what nobody gave words to, and for what nobody asked for", () => {
    expect(sentenceOf({ ...look, action: "new:deed" })).toBe("Sri Wahyuni: new:deed, CAM-014 Losari");
    expect(sentenceOf({ ...look, action: "new:deed", person: null, object_label: null, object_id: null })).toBe("Sistem: new:deed");
  });
});

describe("a hint", () => {
  it("gives the numbers it rests on", () => {
    const hint = { kind: "place", numbers: { looks: 6, things: 2, districts: ["73.71.11", "73.71.12"], home: 1 } } as unknown as AuditHint;
    expect(hintSentence(hint)).toContain("6 tontonan di 73.71.11, 73.71.12");
    expect(hintSentence({ ...hint, kind: "unheard" })).toBe("unheard");
  });
});

describe("a place for anchors", () => {
  it("says what is wrong in words, and an unknown word as it is", () => {
    expect([problemWord("timeout"), problemWord("ValueError")]).toEqual(["tidak menjawab pada waktunya", "ValueError"]);
  });
});
