import { describe, expect, it } from "vitest";
import { newId, Unsaved } from "./typed";

describe("what is typed and not acknowledged", () => {
  it("is one saving, with a revision that grows", () => {
    const form = new Unsaved("w");
    form.type("notes", "a", "t1");
    form.type("type", "flood", "t2");
    expect(form.next("t3")).toEqual({ writer: "w", revision: 1, sent_at: "t3", fields: { notes: { value: "a", at: "t1" }, type: { value: "flood", at: "t2" } } });
    expect(form.next("t4")?.revision).toBe(2);
  });

  it("waits until it is acknowledged", () => {
    const form = new Unsaved("w");
    form.type("notes", "a", "t1");
    const saving = form.next("t2");
    expect(form.has("notes")).toBe(true);
    if (saving !== null) form.acknowledge(saving);
    expect(form.size).toBe(0);
    expect(form.next("t3")).toBeNull();
  });

  it("stays when it was typed on while it was sent", () => {
    const form = new Unsaved("w");
    form.type("notes", "a", "t1");
    const saving = form.next("t2");
    form.type("notes", "ab", "t3");
    if (saving !== null) form.acknowledge(saving);
    expect(form.next("t4")?.fields).toEqual({ notes: { value: "ab", at: "t3" } });
  });

  it("outlives the page", () => {
    const form = new Unsaved("w");
    form.type("notes", "a", "t1");
    form.next("t2");
    const { writer, revision, fields } = form.kept();
    expect(new Unsaved(writer, revision, fields).next("t3")).toMatchObject({ writer: "w", revision: 2, fields: { notes: { value: "a" } } });
  });
});

describe("ids made here", () => {
  it("are version 7 and sort by time", () => {
    const ids = [1_000, 2_000, 3_000].map((ms) => newId(ms));
    expect([...ids].sort()).toEqual(ids);
    for (const id of ids) expect(id).toMatch(/^[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/);
    expect(new Set(Array.from({ length: 100 }, () => newId(5))).size).toBe(100);
  });
});
