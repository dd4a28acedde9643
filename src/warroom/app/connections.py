"""The open connections of the web server: whose they are, how many, and which must go.

A connection counts for its network address until a request on it was made by somebody signed in;
from then on it counts for that person. So strangers share what their address may hold, and a
control room behind one address is not limited by it.

Who wants one too many is not refused while a connection of the same address (or, where the whole
server is full, of any stranger) waits for nothing but its client: the oldest such is closed. Silent
connections, however many, thus keep nobody out.

References:
    CWE-400; the slow attacks (Slowloris, RUDY, slow read) of OWASP's Denial of Service Cheat Sheet.
    The pace a body must keep is that of Apache's `mod_reqtimeout`.
"""

import asyncio
from collections.abc import Callable, Hashable, Iterator
from math import inf
from typing import Any, Protocol

from warroom.kernel.limits import address_key
from warroom.kernel.log import logger
from warroom.kernel.metrics import CONNECTIONS, CONNECTIONS_CLOSED
from warroom.kernel.settings import section, setting

SWEEP_S = 1.0

_log = logger("app.connections")


@section
class WebSettings:
    """What one client may ask of the web server."""

    SECTION = "web"

    connections: int = setting(8192, "Connections open at once.")
    connections_per_address: int = setting(
        128, "Connections of one network address on which nobody is signed in."
    )
    connections_per_person: int = setting(256, "Connections of one signed-in person.")
    backlog: int = setting(1024, "Connections the system keeps until they are taken in.")
    header_bytes: int = setting(32_768, "Bytes of a request's line and headers.")
    header_s: float = setting(10.0, "Seconds a request's headers may take.")
    body_s: float = setting(20.0, "Seconds a request's body may take, besides its pace.")
    body_bytes_per_s: int = setting(500, "Pace at which a body must come.")
    keep_alive_s: float = setting(75.0, "Seconds a connection waits for its next request.")
    answer_stall_s: float = setting(30.0, "Seconds a client may take nothing of its answer.")
    message_bytes: int = setting(131_072, "Bytes of one message of a WebSocket's client.")
    message_s: float = setting(20.0, "Seconds a WebSocket message may stay unfinished.")
    ping_s: float = setting(20.0, "Seconds between two pings of a WebSocket, and for the answer.")
    sockets_per_person: int = setting(32, "Event sockets (browser tabs) of one person.")
    sockets_per_address: int = setting(2048, "WebSockets of one network address.")
    exports_per_person: int = setting(4, "Files and papers made at once for one person.")
    exports_per_address: int = setting(32, "The same for one network address.")
    challenges_per_minute: int = setting(
        120, "Sign-in challenges a minute of one person, or of the strangers at one address."
    )
    challenges_at_once: int = setting(240, "How many of these may come at once.")
    requests_per_address: int = setting(
        256, "Requests of one network address that are answered at the same time."
    )


class Held(Protocol):
    """The protocol of a connection, as far as the table asks it."""

    deadline: float
    """Monotonic second by which its client must have sent what is waited for."""

    @property
    def is_waiting(self) -> bool:
        """Whether it waits for its client alone: no answer is being made."""
        ...

    def is_late(self, now: float) -> str:
        """Why the connection must end now; empty if it may go on."""
        ...

    def end_late(self) -> None:
        """Ends it, saying why where that can be said."""
        ...


class Connection:
    """One open connection.

    Attributes:
        address: What its network address counts as; None where a trusted proxy is at the other end.
        person: Who is signed in on it.
        protocol: What speaks on it now: HTTP, later perhaps WebSocket.
    """

    __slots__ = ("_buffered", "_stalled_at", "address", "person", "protocol", "transport")

    def __init__(self, transport: asyncio.Transport, address: str | None, protocol: Held) -> None:
        self.transport, self.address, self.protocol = transport, address, protocol
        self.person: Hashable = None
        self._buffered = 0
        self._stalled_at = inf

    def has_stalled(self, now: float, stall_s: float) -> bool:
        """Whether its client took nothing of what waits for it for this long."""
        buffered = self.transport.get_write_buffer_size()
        if not buffered or buffered != self._buffered:
            self._buffered, self._stalled_at = buffered, now
        return bool(buffered) and now - self._stalled_at >= stall_s


class Connections:
    """All connections of this process.

    Args:
        settings: The limits.
        is_proxy: Whether a trusted proxy has this address.
        now: Monotonic seconds.
    """

    def __init__(
        self,
        settings: WebSettings,
        is_proxy: Callable[[str], bool] = lambda _: False,
        now: Callable[[], float] | None = None,
    ) -> None:
        self.settings = settings
        self._is_proxy = is_proxy
        self._now = now or asyncio.get_running_loop().time
        self._open: dict[asyncio.BaseTransport, Connection] = {}
        self._strangers: dict[Connection, None] = {}
        self._by_address: dict[str, dict[Connection, None]] = {}
        self._by_person: dict[Hashable, dict[Connection, None]] = {}

    def __len__(self) -> int:
        return len(self._open)

    def __iter__(self) -> Iterator[Connection]:
        return iter(self._open.values())

    def of_address(self, address: str) -> int:
        """How many a network address holds on which nobody is signed in."""
        return len(self._by_address.get(address, ()))

    def of_person(self, person: Hashable) -> int:
        """How many a person holds."""
        return len(self._by_person.get(person, ()))

    def admit(self, transport: asyncio.Transport, host: str, protocol: Held) -> Connection | None:
        """Takes a new connection in, at the cost of one that waits where a limit is reached.

        Returns:
            None where all that would make room are being answered: the new one is to be refused.
        """
        address = None if self._is_proxy(host) else address_key(host)
        if address is not None:
            own = self._by_address.get(address, {})
            most = self.settings.connections_per_address
            if len(own) >= most and not self._close_oldest(own, "address_full"):
                CONNECTIONS_CLOSED.labels("refused").inc()
                return None
        if len(self._open) >= self.settings.connections and not self._close_oldest(
            self._strangers, "server_full"
        ):
            CONNECTIONS_CLOSED.labels("refused").inc()
            return None
        connection = Connection(transport, address, protocol)
        self._open[transport] = connection
        if address is not None:
            self._strangers[connection] = None
            self._by_address.setdefault(address, {})[connection] = None
        CONNECTIONS.set(len(self._open))
        return connection

    def find(self, transport: asyncio.BaseTransport) -> Connection | None:
        """The connection of a transport."""
        return self._open.get(transport)

    def leave(self, connection: Connection) -> None:
        """Forgets one that ended; once more is fine."""
        if self._open.pop(connection.transport, None) is None:
            return
        self._forget_address(connection)
        if connection.person is not None:
            _remove(self._by_person, connection.person, connection)
        CONNECTIONS.set(len(self._open))

    def recognise(self, connection: Connection, person: Hashable) -> bool:
        """Counts it for whoever signed in on it.

        Through a trusted proxy come requests of many; those connections are nobody's.

        Returns:
            Whether the person may keep it.
        """
        if connection.address is None or connection.transport not in self._open:
            return True
        if connection.person == person:
            return True
        self._forget_address(connection)
        if connection.person is not None:
            _remove(self._by_person, connection.person, connection)
        own = self._by_person.setdefault(person, {})
        is_full = len(own) >= self.settings.connections_per_person
        may_stay = not is_full or self._close_oldest(own, "person_full")
        connection.person = person
        self._by_person.setdefault(person, {})[connection] = None
        return may_stay

    def sweep(self) -> None:
        """Ends the connections whose clients are too slow."""
        now, stall_s = self._now(), self.settings.answer_stall_s
        for connection in tuple(self._open.values()):
            if connection.has_stalled(now, stall_s):
                self._end(connection, "answer_not_taken")
            elif why := connection.protocol.is_late(now):
                CONNECTIONS_CLOSED.labels(why).inc()
                self.leave(connection)
                connection.protocol.end_late()

    async def sweep_for_ever(self) -> None:
        """Looks every second."""
        while True:
            await asyncio.sleep(SWEEP_S)
            self.sweep()

    def _close_oldest(self, among: dict[Connection, None], why: str) -> bool:
        oldest = next((one for one in among if one.protocol.is_waiting), None)
        if oldest is None:
            return False
        self._end(oldest, why)
        return True

    def _end(self, connection: Connection, why: str) -> None:
        CONNECTIONS_CLOSED.labels(why).inc()
        self.leave(connection)
        connection.transport.abort()

    def _forget_address(self, connection: Connection) -> None:
        self._strangers.pop(connection, None)
        address = connection.address
        if address is not None and connection.person is None:
            _remove(self._by_address, address, connection)


def _remove(table: dict[Any, dict[Connection, None]], key: Hashable, item: Connection) -> None:
    own = table.get(key)
    if own is not None:
        own.pop(item, None)
        if not own:
            del table[key]
