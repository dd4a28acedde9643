"""The frame of every HTTP route: a guard that must be named, and the context a handler is given.

A route without an action word does not exist: `Router` refuses it when the module is imported.
The application puts an authenticator on `app.state`; this module knows nothing of people.
"""

import hashlib
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Annotated, Any, Protocol

import msgspec
from fastapi import APIRouter, Depends
from pydantic import AfterValidator, AwareDatetime
from starlette.requests import HTTPConnection, Request
from starlette.responses import Response
from starlette.websockets import WebSocket

from warroom.kernel.clock import Clock
from warroom.kernel.db import Database, DatabaseAwayError
from warroom.kernel.errors import NeedsSessionError, NotFoundError, UnauthenticatedError
from warroom.kernel.i18n import languages, spoken_language
from warroom.kernel.limits import Cost, RequestLimits
from warroom.kernel.scope import Scope
from warroom.kernel.services import Services

PUBLIC = "public"
"""Guard of a route that answers strangers too (health, sign-in, the page itself)."""

SIGNED_IN = "signed_in"
"""Guard of a route that any signed-in person may call for themselves."""

_SAFE = ("GET", "HEAD", "OPTIONS")
_JSON = msgspec.json.Encoder()
_FIRST, _LAST = datetime(1970, 1, 1, tzinfo=UTC), datetime(2200, 1, 1, tzinfo=UTC)

type Language = Annotated[str, AfterValidator(spoken_language)]
"""A language that this city speaks."""

AREA_CODE = r"^[0-9A-Za-z-]{1,16}(\.[0-9A-Za-z-]{1,16}){0,3}$"
"""Code of an area: the code of each level below the one above it, `73.71.04.1006`, `091.1.101`."""

type Instant = Annotated[AwareDatetime, AfterValidator(lambda at: min(max(at, _FIRST), _LAST))]
"""An instant as a clock that may be wrong tells it; one that no calendar holds is the nearest."""


class Authenticator(Protocol):
    """Finds out who asks; given by `identity` through the composition root."""

    async def __call__(self, connection: HTTPConnection) -> Scope | None:
        """The scope of the asker, or None for a stranger."""
        ...

    def recall(self, connection: HTTPConnection) -> Scope | None:
        """The scope of an asker who was known when the database was last there; None if not."""
        ...


@dataclass(frozen=True, slots=True)
class Context:
    """One request: who asks, and what the handler works with.

    Attributes:
        request: The request or WebSocket as it came.
        scope: Rights of the asker; of a stranger on PUBLIC routes, where it holds no rules.
        language: `id` or `en`.
    """

    request: HTTPConnection
    scope: Scope
    language: str
    db: Database
    clock: Clock
    services: Services


@dataclass(frozen=True, slots=True)
class Declared:
    """A route as declared: what the authorization matrix and `warroom routes` list.

    Attributes:
        stands_alone: Whether it goes on while the database is away, for who was known when it went.
        session_only: Whether it is for people at a browser alone, and no token's.
        cost: What is limited by person and by network address, if anything.
    """

    domain: str
    method: str
    path: str
    guard: str
    name: str
    stands_alone: bool = False
    session_only: bool = False
    cost: Cost | None = None


class Router:
    """The routes of one domain under `/api/<domain>` (or another prefix), each with its guard.

    A route declared with `stands_alone=True` goes on while PostgreSQL is away, for those who were
    known when it went; its handler must not need it either. One with `session_only=True` is refused
    to tokens: it makes what lets somebody in, gives rights to others, or breaks the glass. One with
    a `cost` is answered only so many times at once, or so often (`limits.RequestLimits`).

    Args:
        domain: Domain word, also the OpenAPI tag.
        prefix: Path before every route; `/api/<domain>` if not given.
    """

    def __init__(self, domain: str, prefix: str | None = None) -> None:
        self.domain = domain
        self.prefix = f"/api/{domain}" if prefix is None else prefix
        self.api = APIRouter(prefix=self.prefix, tags=[domain])
        self.declared: list[Declared] = []

    def get(self, path: str, *, action: str, **more: Any) -> Callable[[Any], Any]:
        """Declares a reading route; `action` is its guard."""
        return self._add("GET", path, action, more)

    def post(self, path: str, *, action: str, **more: Any) -> Callable[[Any], Any]:
        """Declares a creating route; `action` is its guard."""
        return self._add("POST", path, action, more)

    def put(self, path: str, *, action: str, **more: Any) -> Callable[[Any], Any]:
        """Declares a replacing route; `action` is its guard."""
        return self._add("PUT", path, action, more)

    def patch(self, path: str, *, action: str, **more: Any) -> Callable[[Any], Any]:
        """Declares a changing route; `action` is its guard."""
        return self._add("PATCH", path, action, more)

    def delete(self, path: str, *, action: str, **more: Any) -> Callable[[Any], Any]:
        """Declares a removing route; `action` is its guard."""
        return self._add("DELETE", path, action, more)

    def websocket(
        self, path: str, *, action: str, stands_alone: bool = False
    ) -> Callable[[Any], Any]:
        """Declares a socket; the handler is given a Context whose request is a WebSocket.

        The guard is judged by the handler's `ctx` dependency before the socket is accepted; a
        refusal is an HTTP answer, as for any route.
        """

        def add(handler: Callable[..., Awaitable[None]]) -> Callable[..., Awaitable[None]]:
            self._declare("WEBSOCKET", path, action, handler.__name__, stands_alone=stands_alone)
            guard = Depends(_guard(action, stands_alone=stands_alone))
            self.api.add_api_websocket_route(
                path, handler, name=handler.__name__, dependencies=[guard]
            )
            return handler

        return add

    def _add(
        self, method: str, path: str, action: str, more: dict[str, Any]
    ) -> Callable[[Any], Any]:
        stands_alone = more.pop("stands_alone", False)
        session_only = more.pop("session_only", False)
        cost: Cost | None = more.pop("cost", None)

        def add(handler: Callable[..., Any]) -> Callable[..., Any]:
            self._declare(
                method,
                path,
                action,
                handler.__name__,
                stands_alone=stands_alone,
                session_only=session_only,
                cost=cost,
            )
            guard = _guard(action, stands_alone=stands_alone, session_only=session_only)
            self.api.add_api_route(
                path,
                handler,
                methods=[method],
                dependencies=[Depends(guard), *([] if cost is None else [Depends(_limit(cost))])],
                openapi_extra={"x-warroom-guard": action},
                response_model=None,
                **more,
            )
            return handler

        return add

    def _declare(
        self,
        method: str,
        path: str,
        action: str,
        name: str,
        *,
        stands_alone: bool,
        session_only: bool = False,
        cost: Cost | None = None,
    ) -> None:
        if action not in (PUBLIC, SIGNED_IN) and ":" not in action:
            message = f"{method} {self.prefix}{path} has no action word"
            raise TypeError(message)
        path = self.prefix + path
        declared = Declared(
            self.domain,
            method,
            path,
            action,
            name,
            stands_alone=stands_alone,
            session_only=session_only,
            cost=cost,
        )
        self.declared.append(declared)


def stranger(clock: Clock, connection: HTTPConnection) -> Scope:
    """The scope of somebody who is not signed in: it holds no rules at all."""
    return Scope(
        person_id=None,
        agency_id=None,
        rules=(),
        at=clock.now(),
        door="web",
        address=connection.client.host if connection.client else None,
    )


def _guard(
    action: str, *, stands_alone: bool = False, session_only: bool = False
) -> Callable[[HTTPConnection], Awaitable[None]]:
    async def judge(connection: HTTPConnection) -> None:
        # Who reads what everybody may read is asked by nobody: pages open without a database. A
        # deed is looked at all the same, for another site's page may have sent it.
        if action == PUBLIC and connection.scope.get("method") in _SAFE:
            return
        if stands_alone:
            connection.state.scope = await standing_scope(connection)
        scope = await _scope_of(connection)
        if action == PUBLIC:
            return
        if scope is None:
            raise UnauthenticatedError
        if action != SIGNED_IN and not scope.may(action):
            raise NotFoundError
        if session_only and scope.door == "api":
            raise NeedsSessionError

    return judge


async def standing_scope(connection: HTTPConnection) -> Scope | None:
    """Who asks; while the database is away, who was known when it went.

    Raises:
        DatabaseAwayError: It is away, and this asker is not remembered.
    """
    state = connection.app.state
    authenticator: Authenticator = state.authenticator
    db: Database = state.db
    try:
        return await db.soon(authenticator(connection))
    except DatabaseAwayError:
        scope = authenticator.recall(connection)
        if scope is None:
            raise
        return scope


async def _scope_of(connection: HTTPConnection) -> Scope | None:
    """Authenticates once a request; the guard and the context share the answer."""
    if not hasattr(connection.state, "scope"):
        authenticate: Authenticator = connection.app.state.authenticator
        connection.state.scope = await authenticate(connection)
    scope: Scope | None = connection.state.scope
    return scope


async def _context(connection: HTTPConnection) -> Context:
    state = connection.app.state
    scope = await _scope_of(connection)
    return Context(
        request=connection,
        scope=scope if scope is not None else stranger(state.clock, connection),
        language=language_of(connection),
        db=state.db,
        clock=state.clock,
        services=state.services,
    )


type Ctx = Annotated[Context, Depends(_context)]
"""Annotate a handler's first parameter with it: `async def list_cameras(ctx: Ctx)`."""


def _limit(cost: Cost) -> Callable[[Context], AsyncIterator[None]]:
    async def hold(ctx: Ctx) -> AsyncIterator[None]:
        with ctx.services[RequestLimits].take(cost, ctx.scope):
            yield

    return hold


def language_of(connection: HTTPConnection) -> str:
    """The language to answer in: cookie `warroom_language`, Accept-Language, the city's first.

    Our own pages (`X-Warroom`) say in Accept-Language what they are shown in; it goes first, for
    the cookie may be older than a change that was made on another computer.
    """
    spoken = languages()
    chosen = connection.cookies.get("warroom_language")
    if chosen in spoken and "x-warroom" not in connection.headers:
        return chosen
    for part in connection.headers.get("accept-language", "").split(","):
        word = part.split(";")[0].strip()[:2].lower()
        if word in spoken:
            return word
    return spoken[0]


def json_response(body: Any, status: int = 200) -> Response:
    """An answer in JSON; bytes are taken as JSON already (as PostgreSQL wrote it)."""
    content = body if isinstance(body, bytes) else _JSON.encode(body)
    return Response(
        content,
        status,
        headers={"cache-control": "no-store"},
        media_type="application/json",
    )


def tagged_response(request: Request, content: bytes, media_type: str, max_age_s: int) -> Response:
    """A cacheable answer with an ETag of its content; 304 if the asker holds it already.

    Private to the asker's browser: what one person may see must not be kept for another.
    """
    tag = f'"{hashlib.sha256(content).hexdigest()[:32]}"'
    headers = {"etag": tag, "cache-control": f"private, max-age={max_age_s}", "vary": "cookie"}
    if request.headers.get("if-none-match") == tag:
        return Response(status_code=304, headers=headers)
    return Response(content, media_type=media_type, headers=headers)


__all__ = [
    "PUBLIC",
    "SIGNED_IN",
    "Authenticator",
    "Context",
    "Ctx",
    "Declared",
    "Router",
    "Services",
    "WebSocket",
    "json_response",
    "language_of",
    "standing_scope",
    "stranger",
    "tagged_response",
]
