"""The cookies by which a browser keeps its session, its seat and its language."""

from typing import Literal

from starlette.responses import Response

from warroom.identity import api
from warroom.kernel.http import Context

YEAR_S = 31_536_000


def keep_session(answer: Response, ctx: Context, opened: api.OpenedSession) -> None:
    """Gives the browser the session's secret, out of reach of scripts and of other sites."""
    age_s = int((opened.expires_at - ctx.clock.now()).total_seconds())
    keep(answer, ctx, api.COOKIE, opened.token, age_s, "strict")
    keep_language(answer, ctx, opened.principal.language)


def keep_language(answer: Response, ctx: Context, language: str) -> None:
    """Lets the browser ask for the language that its person reads."""
    answer.set_cookie(
        "warroom_language",
        language,
        max_age=YEAR_S,
        samesite="strict",
        secure=_is_secure(ctx),
    )


def keep(
    answer: Response,
    ctx: Context,
    name: str,
    secret: str,
    age_s: int,
    samesite: Literal["lax", "strict"],
) -> None:
    """Gives the browser a secret: `Secure` over https, `__Host-` where `public_url` has it."""
    answer.set_cookie(
        _settings(ctx).cookie(name),
        secret,
        max_age=age_s,
        path="/",
        httponly=True,
        samesite=samesite,
        secure=_is_secure(ctx),
    )


def shown(ctx: Context, name: str) -> str | None:
    """What the browser keeps under a name of ours."""
    return ctx.request.cookies.get(_settings(ctx).cookie(name))


def drop(answer: Response, ctx: Context, name: str) -> None:
    """Takes a cookie from the browser."""
    answer.delete_cookie(
        _settings(ctx).cookie(name), path="/", httponly=True, secure=_is_secure(ctx)
    )


def _settings(ctx: Context) -> api.IdentitySettings:
    return ctx.services[api.IdentitySettings]


def _is_secure(ctx: Context) -> bool:
    return _settings(ctx).is_secure or ctx.request.url.scheme in ("https", "wss")
