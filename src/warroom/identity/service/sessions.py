"""From a cookie or a token to a scope: once a request, mostly from memory.

A process remembers the scopes it has built, and the version of all rights at that time. It asks
for the version at most once in `remember_s` seconds; a change of anybody's rights, or the end of
a session, makes the version grow and the memory empty. Changes made in this process bite at once.

While the database is away nobody's rights can change either: who was known goes on to be, where a
route stands alone, until their session would end (decision 84).
"""

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from warroom.identity import rules
from warroom.identity.contracts import Principal, TokenLimits
from warroom.identity.credentials import Credential, SessionSecret, TokenSecret
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
_SAFE = ("GET", "HEAD", "OPTIONS")
_TRUST_S = 30.0
_MOST_REMEMBERED = 20_000
_SWEEP_S = 60.0
"""So often what nobody needs any more is let go of."""


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
        self._remembered: dict[tuple[type, bytes], _Remembered] = {}
        self._swept_at = float("-inf")
        self._version: int | None = None
        self._checked_at = float("-inf")

    async def __call__(self, connection: "HTTPConnection") -> Scope | None:
        """The scope of the asker, or None for a stranger.

        Raises:
            ForeignOriginError: A changing request, or a socket, that another site's page sent.
        """
        if "authorization" in connection.headers:
            token = token_of(connection)
            return None if token is None else await self._scope(token, connection, touch=True)
        _refuse_foreign(connection, self._settings)
        session = session_of(connection, self._settings)
        if session is None:
            return None
        # A socket asks again and again whether its session lives; that alone must not prolong it.
        is_request = connection.scope["type"] == "http"
        return await self._scope(session, connection, touch=is_request)

    def recall(self, connection: "HTTPConnection") -> Scope | None:
        """The scope of somebody signed in whom this process knew when it last read all rights.

        Tokens are not recalled: what they may is counted in the database. One who was idle too
        long, or whose session has come to its end, is a stranger now as always.

        Raises:
            ForeignOriginError: As for every request.
        """
        if "authorization" in connection.headers:
            return None
        _refuse_foreign(connection, self._settings)
        session = session_of(connection, self._settings)
        if session is None:
            return None
        known, now = self._remembered.get(_key(session)), self._clock.now()
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
        self, shown: Credential, connection: "HTTPConnection", *, touch: bool
    ) -> Scope | None:
        now, address = self._clock.now(), address_of(connection)
        known: _Remembered | None = self._remembered.get(_key(shown))
        if (
            known is None
            or self._clock.monotonic() >= known.until
            or await self._current_version(now) != known.version
        ):
            known = await self._read(shown, now, connection, touch=touch)
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
        shown: Credential,
        now: datetime,
        connection: "HTTPConnection",
        *,
        touch: bool,
    ) -> _Remembered | None:
        address = address_of(connection)
        stranger, key = stranger_scope(now, address), _key(shown)
        # The version first: what is read after it can only be newer than it says.
        version = await self._current_version(now)
        async with self._db.transaction(stranger) as tx:
            if isinstance(shown, TokenSecret):
                whence, route = rules.read_address(address), _route_class(connection)
                principal = await doors.find_by_token(stranger, tx, shown, whence, route)
            else:
                principal = await self._by_session(stranger, tx, shown, touch=touch)
        if principal is None:
            self._remembered.pop(key, None)
            return None
        scope = scope_of(principal, now, shown.DOOR, address)
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
        self, stranger: Scope, tx: Transaction, session: SessionSecret, *, touch: bool
    ) -> Principal | None:
        idle_s = self._settings.idle_minutes * 60
        return await doors.find_by_session(stranger, tx, session, idle_s, touch=touch)

    async def _current_version(self, now: datetime) -> int:
        asked_at = self._clock.monotonic()
        if self._version is None or asked_at - self._checked_at >= self._settings.remember_s:
            stranger = stranger_scope(now, None)
            async with self._db.transaction(stranger) as tx:
                self._version = await doors.read_version(stranger, tx)
            self._checked_at = asked_at
        return self._version


def token_of(connection: "HTTPConnection") -> TokenSecret | None:
    """The token in `Authorization: Bearer`; what else is there is nothing (RFC 6750, 2.1)."""
    kind, _, token = connection.headers.get("authorization", "").partition(" ")
    return TokenSecret.read(token.strip()) if kind.lower() == "bearer" else None


def session_of(connection: "HTTPConnection", settings: IdentitySettings) -> SessionSecret | None:
    """The session in the cookie that is for it; what else is there is nothing."""
    return SessionSecret.read(connection.cookies.get(settings.cookie(COOKIE)))


def _key(shown: Credential) -> tuple[type, bytes]:
    return type(shown), shown.digest


def _route_class(connection: "HTTPConnection") -> str:
    """The kind of a request, `GET /api/cameras`: never an id or what was searched for."""
    method = connection.scope.get("method", "WS")
    return f"{method} {'/'.join(connection.url.path.split('/')[:3])}"[:60]


def address_of(connection: "HTTPConnection") -> str | None:
    """Network address of the asker."""
    return connection.client.host if connection.client else None


def _refuse_foreign(connection: "HTTPConnection", settings: IdentitySettings) -> None:
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
    if origin is not None and not _is_own(origin, headers.get("host"), settings.public_url):
        raise ForeignOriginError
    has_cookie = settings.cookie(COOKIE) in connection.cookies
    if has_cookie and not is_socket and headers.get("x-warroom") != "1":
        raise ForeignOriginError


def _is_own(origin: str, host: str | None, public_url: str) -> bool:
    """Whether a page of this site sent it: of `public_url`, or of the host that was asked.

    A proxy that does not hand `Host` on is made up for by `public_url`. The page of the same host
    without https is foreign where `public_url` has it: anybody on the way could have written it.
    """
    try:
        shown, named = urlsplit(origin), urlsplit(public_url)
    except ValueError:
        return False
    if named.netloc and shown.netloc == named.netloc:
        return shown.scheme == named.scheme
    return bool(shown.netloc) and shown.netloc == host
