"""The way to PostgreSQL: pools, and transactions that carry their scope.

Plain SQL through psycopg 3. The application's role is neither owner nor superuser, so row-level
security holds for it; what it may see is set inside the transaction (`set_config(..., true)`) and
is gone with it. A connection that forgets its scope sees no row of any agency.
"""

import asyncio
import time
from collections.abc import AsyncIterator, Callable, Coroutine
from contextlib import asynccontextmanager
from typing import Any, LiteralString

from psycopg import AsyncConnection, OperationalError, sql
from psycopg.rows import DictRow, dict_row
from psycopg_pool import AsyncConnectionPool, PoolTimeout

from warroom.kernel.errors import UnavailableError
from warroom.kernel.scope import Scope

type Transaction = AsyncConnection[DictRow]

SOON_S = 1.5
RECONNECT_S = 2.0
LONG_AWAY_S = 0.5


class DatabaseAwayError(UnavailableError):
    """PostgreSQL does not answer; what needs it must wait, what does not goes on."""

    code = "kernel.database_away"


class Database:
    """A pool of connections to one PostgreSQL.

    Args:
        dsn: Connection string of the application's role.
        min_size: Connections kept open.
        max_size: Connections at most; a transaction waits `wait_s` for one.
        wait_s: Seconds a transaction waits for a free connection before `DatabaseAwayError`.
    """

    def __init__(
        self, dsn: str, *, min_size: int = 1, max_size: int = 8, wait_s: float = 5.0
    ) -> None:
        self.dsn = dsn
        self._away_since: float | None = None
        self._wait_s = wait_s
        self._memory: dict[type, Any] = {}
        self._pool: AsyncConnectionPool[Transaction] = AsyncConnectionPool(
            dsn,
            connection_class=AsyncConnection[DictRow],
            kwargs={"row_factory": dict_row, "autocommit": True},
            min_size=min_size,
            max_size=max_size,
            timeout=wait_s,
            # The pool pauses twice as long after each try that failed: after minutes away it would
            # not look for minutes more. It gives each try up soon, and begins anew when asked.
            reconnect_timeout=RECONNECT_S,
            open=False,
            check=None,
        )

    @property
    def is_away(self) -> bool:
        """Whether PostgreSQL did not answer when it was last asked.

        Who listens to it hears at once that it went and, each second, whether it is back.
        """
        return self._away_since is not None

    @is_away.setter
    def is_away(self, away: bool) -> None:
        if not away:
            self._away_since = None
        elif self._away_since is None:
            self._away_since = time.monotonic()

    def _patience_s(self) -> float:
        """A restart of PostgreSQL is waited for; who asks in a long outage is told so soon."""
        since = self._away_since
        is_long = since is not None and time.monotonic() - since > self._wait_s
        return min(LONG_AWAY_S, self._wait_s) if is_long else self._wait_s

    async def open(self) -> None:
        """Begins to connect in the background; returns at once, PostgreSQL there or not."""
        await self._pool.open(wait=False)

    async def close(self) -> None:
        """Closes every connection."""
        await self._pool.close()

    @asynccontextmanager
    async def transaction(self, scope: Scope) -> AsyncIterator[Transaction]:
        """Everything inside is committed together, or not at all, and seen through `scope`.

        Connections that broke while they lay idle, as all do when PostgreSQL starts anew, are
        passed over: nothing was begun on them.

        Raises:
            DatabaseAwayError: No connection could be had, or it broke.
        """
        begin = _begin(scope)
        for others in reversed(range(self._pool.max_size + 1)):
            has_begun = False
            try:
                # The pool commits when this block ends, and rolls back when an error leaves it.
                async with self._pool.connection(self._patience_s()) as connection:
                    await connection.execute(begin)
                    has_begun, self.is_away = True, False
                    yield connection
            except (PoolTimeout, OperationalError) as error:
                is_gone = _is_gone(error)
                if has_begun or not is_gone or not others or isinstance(error, PoolTimeout):
                    self.is_away = self.is_away or is_gone
                    raise DatabaseAwayError from error
            else:
                return

    async def soon[T](self, work: Coroutine[Any, Any, T]) -> T:
        """What comes of work with the database, for who can go on without it.

        Nothing is begun while it is known to be away. One that neither answers nor breaks, as a
        frozen machine does, is away after `SOON_S`; the work is left to end by itself then, for to
        cancel a statement would take as long again.

        Raises:
            DatabaseAwayError: It is away.
        """
        if self.is_away:
            work.close()
            raise DatabaseAwayError
        task = asyncio.ensure_future(work)
        done, _ = await asyncio.wait((task,), timeout=SOON_S)
        if not done:
            self.is_away = True
            task.add_done_callback(lambda late: late.cancelled() or late.exception())
            raise DatabaseAwayError
        return task.result()

    async def run_alone(self, statement: LiteralString, parameters: Any = None) -> None:
        """One statement that is a transaction by itself, in one round trip; it sees no row.

        It has no scope: for functions of the database that need none.

        Raises:
            DatabaseAwayError: It may not have been committed.
        """
        try:
            async with self._pool.connection(self._patience_s()) as connection:
                await connection.execute(statement, parameters)
        except (PoolTimeout, OperationalError) as error:
            raise DatabaseAwayError from error

    def remembered[T](self, kind: type[T], make: Callable[[], T]) -> T:
        """What there is one of for each pool, made when it is first asked for."""
        if kind not in self._memory:
            self._memory[kind] = make()
        made: T = self._memory[kind]
        return made

    async def is_there(self) -> bool:
        """Whether PostgreSQL answers now."""
        try:
            async with self._pool.connection(timeout=1.0) as connection:
                await connection.execute("select 1")
        except (PoolTimeout, OperationalError):
            return False
        return True

    async def listen(
        self, channel: LiteralString, poll_s: float = 5.0
    ) -> AsyncIterator[tuple[str, ...]]:
        """Yields at notifications on `channel` what they tell, and nothing every `poll_s` without.

        A notification has no replay, so the caller reads what is new each time; reconnects for
        ever, with a pause.
        """
        while True:
            try:
                async with await AsyncConnection.connect(self.dsn, autocommit=True) as connection:
                    await connection.execute(f"listen {channel}")
                    self.is_away = False
                    told: tuple[str, ...] = ()
                    while True:
                        yield told
                        came = connection.notifies(timeout=poll_s, stop_after=1)
                        told = tuple([one.payload async for one in came])
            except OperationalError as error:
                self.is_away = self.is_away or _is_gone(error)
                yield ()
                await asyncio.sleep(1.0)

    async def hear(self, channel: LiteralString) -> AsyncIterator[str]:
        """What is told on `channel` from here on; reconnects for ever, with a pause.

        What is told meanwhile is missed: it is for what is of no use later.
        """
        while True:
            try:
                async with await AsyncConnection.connect(self.dsn, autocommit=True) as connection:
                    await connection.execute(f"listen {channel}")
                    async for told in connection.notifies():
                        yield told.payload
            except OperationalError:
                await asyncio.sleep(1.0)


def _is_gone(error: Exception) -> bool:
    """Whether PostgreSQL itself is away, and not one statement refused.

    Without a code the connection broke; 08 is the connection too, 57P a server that goes or comes.
    """
    state = getattr(error, "sqlstate", None)
    return state is None or state.startswith(("08", "57P"))


def _begin(scope: Scope) -> bytes:
    """Begin and scope in one message: a round trip saved on every request (56 us of CPU)."""

    def compose() -> bytes:
        settings = sql.SQL(", ").join(
            sql.SQL("set_config({}, {}, true)").format(sql.Literal(name), sql.Literal(value))
            for name, value in scope.database_settings().items()
        )
        return sql.SQL("begin; select {}").format(settings).as_string().encode()

    text: bytes = scope.remembered("begin", compose)
    return text


async def fetch_json(tx: Transaction, query: Any, parameters: Any = None) -> bytes:
    """The one value of the one row, as PostgreSQL wrote it: JSON that needs no second look.

    The query must select one column cast to `text`; no row gives `null`.
    """
    return (await fetch_texts(tx, query, parameters) or (b"null",))[0]


async def fetch_texts(tx: Transaction, query: Any, parameters: Any = None) -> tuple[bytes, ...]:
    """The one row, each value as PostgreSQL wrote it (`null` where there is none); empty if no row.

    The query must select columns cast to `text`.
    """
    result = (await tx.execute(query, parameters)).pgresult
    if result is None or not result.ntuples:
        return ()
    # The bytes as they came: a big list is not decoded and encoded again on its way through.
    values = (result.get_value(0, column) for column in range(result.nfields))
    return tuple(b"null" if value is None else value for value in values)
