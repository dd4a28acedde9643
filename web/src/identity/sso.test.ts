import { expect, test } from "vitest";
import { ssoSecond, ssoTrouble } from "./sso";

test("the address tells of a sign-in elsewhere and of nothing else", () => {
  expect(ssoTrouble(null, null)).toBeNull();
  expect(ssoTrouble("identity.sso_away", "SSO Kota")).toContain("SSO Kota");
  expect(ssoTrouble("identity.weak_password", "x")).not.toContain("x");
  expect(ssoTrouble("nonsense", null)).toBe(ssoTrouble("identity.sso_nonsense", null));
});

test("a second step is read from the part behind the hash", () => {
  expect(ssoSecond("#langkah=abc&cara=totp%2Cpasskey")).toEqual({ ticket: "abc", ways: ["totp", "passkey"], expires_at: "" });
  expect([ssoSecond(""), ssoSecond("#langkah=abc&cara=x"), ssoSecond("#cara=totp")]).toEqual([null, null, null]);
});
