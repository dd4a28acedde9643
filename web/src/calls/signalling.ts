/** Brings the offer of a leg to the server over HTTP: asked like WHIP (RFC 9725), closed by DELETE. */
import { api, send } from "$lib/api";
import type { Exchange } from "./leg";

/** An exchange by `POST url`, whose answer says in `Location` what ends it. */
export function overHttp(url: string): Exchange {
  return async (offer) => {
    const answer = await send(url, { method: "POST", body: offer, type: "application/sdp" });
    const location = answer.headers.get("Location");
    return {
      sdp: await answer.text(),
      close: () => {
        // The server finds out by itself as well; nobody waits for this.
        if (location !== null) void api.remove(location).catch(() => undefined);
      },
    };
  };
}
