import { afterEach, describe, expect, it, vi } from "vitest";
import { overHttp } from "./signalling";

afterEach(() => vi.unstubAllGlobals());

function served(...answers: Response[]) {
  const fetched = vi.fn(() => Promise.resolve(answers.shift() ?? new Response(null, { status: 204 })));
  vi.stubGlobal("fetch", fetched);
  return fetched as unknown as { mock: { calls: [string, RequestInit][] } };
}

describe("the offer of a leg", () => {
  it("is posted as SDP and closed where the answer says", async () => {
    const fetched = served(new Response("answer", { status: 201, headers: { Location: "/api/calls/leg/7" } }));

    const answer = await overHttp("/api/calls/leg")("offer");
    answer.close();

    expect(answer.sdp).toBe("answer");
    const [[url, sent], [gone, ended]] = fetched.mock.calls as [[string, RequestInit], [string, RequestInit]];
    expect([url, sent.method, sent.body]).toEqual(["/api/calls/leg", "POST", "offer"]);
    expect(new Headers(sent.headers).get("Content-Type")).toBe("application/sdp");
    expect([gone, ended.method]).toEqual(["/api/calls/leg/7", "DELETE"]);
  });

  it("is refused with the server's own code", async () => {
    served(Response.json({ code: "calls.leg_refused" }, { status: 422 }));

    await expect(overHttp("/api/calls/leg")("offer")).rejects.toMatchObject({ code: "calls.leg_refused" });
  });
});
