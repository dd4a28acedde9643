"""From a cookie or a token to a scope: once a request, mostly from memory.

A process remembers the scopes it has built, and the version of all rights at that time. It asks
for the version at most once in `remember_s` seconds; a change of anybody's rights, or the end of
a session, makes the version grow and the memory empty. Changes made in this process bite at once.

While the database is away nobody's rights can change either: who was known goes on to be, where a
route stands alone, until their session would end (decision 84).
"""

import hashlib
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from warroom.identity import rules
from warroom.identity.contracts import Principal, TokenLimits
from warroom.identity.errors import ForeignOriginError
from warroom.identity.service.scopes import moved, scope_of, stranger_scope
from warroom.identity.service.tokens_in_use import TokenGate
from warroom.identity.settings import IdentitySettings
from warroom.identity.store import doors
from warroom.kernel.clock import Clock
from warroom.kernel.db import Database, DatabaseAwayError, Transaction
from warroom.kernel.log import logger
from warroom.kernel.scope import Scope

if TYPE_CHECKING:
    from starlette.requests import HTTPConnection

COOKIE = "warroom_session"
TOKEN_PREFIX = "wr_"  # noqa: S105 - the part that is no secret
_SAFE = ("GET", "HEAD", "OPTIONS")
_TRUST_S = 30.0
_MOST_REMEMBERED = 20_000
_SWEEP_S = 60.0
"""So often what nobody needs any more is let go of."""


def digest_of(token: str) -> bytes:
    """What is stored of a session's or token's secret; 256 random bits need no salt."""
    return hashlib.sha256(token.encode()).digest()


@dataclass(slots=True)
class _Remembered:
    scope: Scope
    limits: TokenLimits | None
    ends_at: datetime | None
    version: int
    until: float
    used_at: float


class Authenticator:
    """Finds out who asks; the application calls it for every request and socket.

    Args:
        db: The database.
        clock: For the age of sessions and of what is remembered.
        settings: Lifetimes.
    """

    def __init__(self, db: Database, clock: Clock, settings: IdentitySettings) -> None:
        self._db, self._clock, self._settings = db, clock, settings
        self._gate = TokenGate(db, clock, settings)
        self._remembered: dict[bytes, _Remembered] = {}
        self._swept_at = float("-inf")
        self._version: int | None = None
        self._checked_at = float("-inf")

    async def __call__(self, connection: "HTTPConnection") -> Scope | None:
        """The scope of the asker, or None for a stranger.

        Raises:
            ForeignOriginError: A changing request, or a socket, that another site's page sent.
        """
        token = bearer_of(connection)
        if token is not None:
            return await self._scope(token, connection, door="api", touch=True)
        _refuse_foreign(connection)
        cookie = connection.cookies.get(COOKIE)
        if not cookie:
            return None
        # A socket asks again and again whether its session lives; that alone must not prolong it.
        is_request = connection.scope["type"] == "http"
        return await self._scope(cookie, connection, door="web", touch=is_request)

    def recall(self, connection: "HTTPConnection") -> Scope | None:
        """The scope of somebody signed in whom this process knew when it last read all rights.

        Tokens are not recalled: what they may is counted in the database. One who was idle too
        long, or whose session has come to its end, is a stranger now as always.

        Raises:
            ForeignOriginError: As for every request.
        """
        if bearer_of(connection) is not None:
            return None
        _refuse_foreign(connection)
        key = digest_of(connection.cookies.get(COOKIE, "")) + b"web"
        known, now = self._remembered.get(key), self._clock.now()
        used_at = self._clock.monotonic()
        if (
            known is None
            or known.version != self._version
            or known.ends_at is None
            or now >= known.ends_at
            or used_at - known.used_at >= self._settings.idle_minutes * 60
        ):
            return None
        if connection.scope["type"] == "http":
            known.used_at = used_at
        return moved(known.scope, now, address_of(connection))

    async def watch(self, rechecks: Sequence[Callable[[], Awaitable[None]]]) -> None:
        """Calls `rechecks` whenever anybody's rights were changed, in any process; for ever.

        The database wakes it; what it missed while it was not connected it finds by the version.
        """
        seen: int | None = None
        async for _ in self._db.listen("warroom_rights"):
            try:
                self._checked_at = float("-inf")
                version = await self._current_version(self._clock.now())
                is_new, seen = seen not in (None, version), version
                for recheck in rechecks if is_new else ():
                    await recheck()
            except DatabaseAwayError:
                logger("identity.sessions").warning("rights_away")

    def forget(self) -> None:
        """Makes changes of rights that were just committed bite at the next request."""
        self._remembered.clear()
        self._checked_at = float("-inf")

    async def _scope(
        self, token: str, connection: "HTTPConnection", *, door: str, touch: bool
    ) -> Scope | None:
        now, address = self._clock.now(), address_of(connection)
        key = digest_of(token) + door.encode()
        known: _Remembered | None = self._remembered.get(key)
        if (
            known is None
            or self._clock.monotonic() >= known.until
            or await self._current_version(now) != known.version
        ):
            known = await self._read(token, key, now, connection, door=door, touch=touch)
        if known is None:
            return None
        if touch:
            known.used_at = self._clock.monotonic()
        scope = moved(known.scope, now, address)
        if known.limits is None or await self._gate.judge(scope, known.limits, connection):
            return scope
        return None

    async def _read(
        self,
        token: str,
        key: bytes,
        now: datetime,
        connection: "HTTPConnection",
        *,
        door: str,
        touch: bool,
    ) -> _Remembered | None:
        address = address_of(connection)
        stranger, digest = stranger_scope(now, address), digest_of(token)
        # The version first: what is read after it can only be newer than it says.
        version = await self._current_version(now)
        async with self._db.transaction(stranger) as tx:
            if token.startswith(TOKEN_PREFIX):
                whence, route = rules.read_address(address), _route_class(connection)
                principal = await doors.find_by_token(stranger, tx, digest, whence, route)
            else:
                principal = await self._by_session(stranger, tx, digest, touch=touch)
        if principal is None:
            self._remembered.pop(key, None)
            return None
        scope = scope_of(principal, now, door, address)
        if len(self._remembered) >= _MOST_REMEMBERED:
            self._remembered.clear()
        read_at = self._clock.monotonic()
        if read_at - self._swept_at >= _SWEEP_S:
            self._sweep(now, read_at)
        until = read_at + _TRUST_S
        known = _Remembered(
            scope, principal.token, principal.ends_at, version, until, used_at=read_at
        )
        self._remembered[key] = known
        return known

    def _sweep(self, now: datetime, now_s: float) -> None:
        """Forgets who is gone, and what was worked out for those who ask no more.

        Whoever comes back after `_TRUST_S` is read anew, with nothing worked out; until then a
        scope stands for `recall` alone. What is worked out of one person's rights and lists takes
        from 60 kB to a megabyte, and each sign-in has its own.
        """
        self._swept_at = now_s
        idle_s = self._settings.idle_minutes * 60
        for key, known in list(self._remembered.items()):
            is_over = known.ends_at is not None and now >= known.ends_at
            if is_over or now_s - known.used_at >= idle_s:
                del self._remembered[key]
            elif now_s >= known.until:
                known.scope = known.scope.bare()

    async def _by_session(
        self, stranger: Scope, tx: Transaction, digest: bytes, *, touch: bool
    ) -> Principal | None:
        idle_s = self._settings.idle_minutes * 60
        return await doors.find_by_session(stranger, tx, digest, idle_s, touch=touch)

    async def _current_version(self, now: datetime) -> int:
        asked_at = self._clock.monotonic()
        if self._version is None or asked_at - self._checked_at >= self._settings.remember_s:
            stranger = stranger_scope(now, None)
            async with self._db.transaction(stranger) as tx:
                self._version = await doors.read_version(stranger, tx)
            self._checked_at = asked_at
        return self._version


def bearer_of(connection: "HTTPConnection") -> str | None:
    """The secret of `Authorization: Bearer`, an empty one if the header is of another kind."""
    header = connection.headers.get("authorization")
    if header is None:
        return None
    kind, _, token = header.partition(" ")
    is_ours = kind.lower() == "bearer" and token.startswith(TOKEN_PREFIX)
    return token.strip() if is_ours else ""


def _route_class(connection: "HTTPConnection") -> str:
    """The kind of a request, `GET /api/cameras`: never an id or what was searched for."""
    method = connection.scope.get("method", "WS")
    return f"{method} {'/'.join(connection.url.path.split('/')[:3])}"[:60]


def address_of(connection: "HTTPConnection") -> str | None:
    """Network address of the asker."""
    return connection.client.host if connection.client else None


def _refuse_foreign(connection: "HTTPConnection") -> None:
    """Refuses what a page of another site sent with this browser's cookies.

    Changing requests with a cookie must carry `X-Warroom: 1`, which no foreign page can set;
    whatever tells where it comes from (`Sec-Fetch-Site`, `Origin`) must tell of this site.

    Raises:
        ForeignOriginError: It was sent by another site's page.

    References:
        W3C Fetch Metadata Request Headers; RFC 6454; OWASP CSRF Prevention Cheat Sheet.
    """
    is_socket = connection.scope["type"] == "websocket"
    if not is_socket and connection.scope["method"] in _SAFE:
        return
    headers = connection.headers
    if headers.get("sec-fetch-site", "same-origin") not in ("same-origin", "none"):
        raise ForeignOriginError
    origin = headers.get("origin")
    if origin is not None and urlsplit(origin).netloc != headers.get("host"):
        raise ForeignOriginError
    has_cookie = COOKIE in connection.cookies
    if has_cookie and not is_socket and headers.get("x-warroom") != "1":
        raise ForeignOriginError
