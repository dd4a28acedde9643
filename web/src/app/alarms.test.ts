import { expect, test } from "vitest";
import { fold, type Alarm } from "./alarms";

let made = 0;
function alarm(more: Partial<Alarm>): Alarm {
  made += 1;
  const none = { node: "n1", disk: "", camera_id: null };
  return { id: String(made), kind: "camera_not_recorded", level: "alarm", since: "2026-11-24T06:00:00Z", ...none, ...more };
}

test("many cameras of one reason are one cause, the newest of them first", () => {
  const of = (n: number, minute: number): Alarm => alarm({ number: n, reason: "closed", since: `2026-11-24T06:0${minute}:00Z` });

  const causes = fold([of(1, 1), of(2, 3), of(3, 2), of(4, 3), alarm({ number: 9, reason: "auth" })]);

  expect(causes.map((cause) => cause.alarms.map(({ number }) => number))).toEqual([[2, 4, 3, 1], [9]]);
});

test("a few cameras of one reason stay single", () => {
  expect(fold([1, 2, 3].map((number) => alarm({ number, reason: "closed" })))).toHaveLength(3);
});

test("alarms come before warnings, and causes before what follows from them", () => {
  const kinds = (["holds_unknown", "camera_not_recorded", "disk_full", "recorder_away"] as const).map((kind) => alarm({ kind }));
  const warning = alarm({ kind: "disk_slow", level: "warning" });

  expect(fold([warning, ...kinds]).map(({ first }) => first.kind)).toEqual([
    "recorder_away",
    "disk_full",
    "camera_not_recorded",
    "holds_unknown",
    "disk_slow",
  ]);
});
