"""The cookies by which a browser keeps its session and its language."""

from starlette.responses import Response

from warroom.identity import api
from warroom.kernel.http import Context


def keep_session(answer: Response, ctx: Context, opened: api.OpenedSession) -> None:
    """Gives the browser the session's secret, out of reach of scripts and of other sites."""
    age_s = int((opened.expires_at - ctx.clock.now()).total_seconds())
    answer.set_cookie(
        api.COOKIE,
        opened.token,
        max_age=age_s,
        path="/",
        httponly=True,
        samesite="strict",
        secure=ctx.request.url.scheme in ("https", "wss"),
    )
    answer.set_cookie(
        "warroom_language", opened.principal.language, max_age=31_536_000, samesite="strict"
    )
