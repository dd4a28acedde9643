import { expect, test } from "vitest";
import { activeGroups, caps, keyName, registerKeys } from "./keys";

const pressed = (key: string, held: Partial<Parameters<typeof keyName>[0]> = {}): Parameters<typeof keyName>[0] => ({
  key,
  ctrlKey: false,
  altKey: false,
  metaKey: false,
  shiftKey: false,
  ...held,
});

test("keys are named the same whatever the keyboard calls them", () => {
  expect(keyName(pressed("k", { ctrlKey: true }))).toBe("Ctrl+K");
  expect(keyName(pressed("?", { shiftKey: true }))).toBe("?");
  expect(keyName(pressed(" "))).toBe("Space");
  expect(keyName(pressed("ArrowLeft", { shiftKey: true }))).toBe("Shift+ArrowLeft");
});

test("the help lists what acts now and nothing else", () => {
  const stop = registerKeys("keys.general", [
    { keys: "A", label: "action.save", run: () => undefined },
    { keys: "B", label: "action.save", run: () => undefined, when: () => false },
    { keys: "C", label: "action.save", run: () => undefined, quiet: true },
  ]);

  expect(activeGroups().flatMap((group) => group.bindings.map((binding) => binding.keys))).toEqual(["A"]);
  stop();
  expect(activeGroups()).toEqual([]);
});

test("caps show sequences apart, held keys together and the plus as itself", () => {
  expect([caps("G P"), caps("Ctrl+K"), caps("+")]).toEqual([["G", "P"], ["Ctrl K"], ["+"]]);
});

test("parts of the page under one title are listed as one", () => {
  const binding = (keys: string) => ({ keys, label: "action.save" as const, run: () => undefined });
  const stops = [registerKeys("map.keys", [binding("A")]), registerKeys("map.keys", [binding("B")])];

  expect(activeGroups().map(({ bindings }) => bindings.map(({ keys }) => keys))).toEqual([["B", "A"]]);
  stops.forEach((stop) => stop());
});
