"""A feed on loopback whose alerts a test chooses, and the room that reads it."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

import msgspec

from tests.scopes import EVERYTHING
from warroom.alerts import api
from warroom.alerts.cap import write_alert
from warroom.alerts.contracts import Alert, Area, Info, Reference
from warroom.alerts.settings import AlertSettings, AlertSource
from warroom.kernel.clock import FixedClock
from warroom.kernel.db import Database
from warroom.kernel.outbound import Outbound, OutboundSettings
from warroom.kernel.scope import Scope
from warroom.places.api import Atlas

SENT = datetime(2026, 11, 24, 5, 50, tzinfo=UTC)
SQUARE = ((-5.2, 119.3), (-5.2, 119.5), (-5.0, 119.5), (-5.0, 119.3), (-5.2, 119.3))
INFO = Info(
    "Hujan Lebat",
    ("Met",),
    "Immediate",
    "Severe",
    "Likely",
    language="id",
    expires=SENT + timedelta(hours=3),
    headline="Hujan lebat",
    areas=(Area("Makassar", (SQUARE,)),),
)
ALERT = Alert("a1", "nowcasting@bmkg.go.id", SENT, "Actual", "Alert", infos=(INFO,))


def later(identifier: str, kind: str, *of: Alert, **more: Any) -> Alert:
    """A message about earlier ones."""
    references = tuple(one.reference for one in of)
    infos = more.pop("infos", () if kind == "Cancel" else (INFO,))
    made = replace(
        ALERT, identifier=identifier, type=kind, references=references, infos=infos, **more
    )
    return replace(made, sent=more.get("sent", SENT + timedelta(minutes=5)))


def reference(alert: Alert, **more: Any) -> Reference:
    return replace(alert.reference, **more)


@dataclass
class Room:
    """Who takes alerts in."""

    db: Database
    clock: FixedClock
    taker: api.Taker

    @property
    def system(self) -> Scope:
        return replace(EVERYTHING, at=self.clock.now())

    async def take(
        self, alert: Alert | bytes, source: str = "BMKG", scope: Scope | None = None
    ) -> api.Outcome:
        content = alert if isinstance(alert, bytes) else write_alert(alert)
        scope = scope or self.system
        async with self.db.transaction(scope) as tx:
            return await api.take_in(self.taker, scope, tx, source, content, "test")

    async def in_force(self, scope: Scope | None = None) -> list[dict[str, Any]]:
        scope = scope or self.system
        async with self.db.transaction(scope) as tx:
            return await api.show_in_force(scope, tx)

    async def names(self) -> list[str]:
        return sorted(one["identifier"] for one in await self.in_force())

    async def past(self, *words: str, after: UUID | None = None, limit: int = 50) -> dict[str, Any]:
        """By identifier, the last first."""
        scope, now = self.system, self.clock.now()
        async with self.db.transaction(scope) as tx:
            content = await api.list_past(scope, tx, now, after=after, words=words, limit=limit)
        return {one["identifier"]: one for one in msgspec.json.decode(content)}

    async def refused(self) -> list[dict[str, Any]]:
        async with self.db.transaction(self.system) as tx:
            items: list[dict[str, Any]] = msgspec.json.decode(
                await api.list_refused(self.system, tx)
            )
            return items

    async def show(self, alert_id: UUID | None) -> dict[str, Any]:
        assert alert_id is not None
        async with self.db.transaction(self.system) as tx:
            return await api.show_alert(self.system, tx, alert_id)

    async def source(self) -> dict[str, Any]:
        async with self.db.transaction(self.system) as tx:
            found: list[dict[str, Any]] = msgspec.json.decode(
                await api.list_sources(self.system, tx)
            )
        return found[0]

    def reading(self, *urls: str, every_s: float = 60.0, name: str = "BMKG") -> api.Reading:
        """Who reads these addresses."""
        source = AlertSource(name=name, urls=list(urls), every_s=every_s)
        taker = replace(self.taker, settings=replace(self.taker.settings, sources=[source]))
        outbound = Outbound(OutboundSettings(allow_loopback=True, allow_plain=True, timeout_s=5.0))
        return api.Reading(self.db, self.clock, EVERYTHING, outbound, taker)


def make_room(db: Database, clock: FixedClock, city: Path) -> Room:
    return Room(db, clock, api.Taker(AlertSettings(), Atlas(city)))


@dataclass
class Site:
    """A web server with a feed; what it was asked, with the headers."""

    port: int = 0
    pages: dict[str, bytes] = field(default_factory=dict)
    statuses: dict[str, int] = field(default_factory=dict)
    asked: list[tuple[str, dict[str, str]]] = field(default_factory=list)

    def url(self, path: str) -> str:
        return f"http://127.0.0.1:{self.port}{path}"

    def feed(self, *names: str, mark: str = "1") -> None:
        """Puts up an RSS feed of these alerts."""
        items = "".join(
            f"<item><title>{name}</title><link>{self.url(f'/{name}.xml')}</link>"
            f"<pubDate>{mark}</pubDate></item>"
            for name in names
        )
        self.pages["/rss"] = f'<rss version="2.0"><channel>{items}</channel></rss>'.encode()

    def paths(self) -> list[str]:
        return [path for path, _ in self.asked]

    async def handle(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head = (await reader.readuntil(b"\r\n\r\n")).decode()
        first, *lines = head.strip().split("\r\n")
        headers = {k.lower(): v.strip() for k, _, v in (line.partition(":") for line in lines)}
        path = first.split(" ")[1]
        self.asked.append((path, headers))
        body = self.pages.get(path, b"")
        tag = f'"{hash(body)}"'
        status = self.statuses.get(path, 200 if path in self.pages else 404)
        if status == 200 and headers.get("if-none-match") == tag:
            status, body = 304, b""
        head = f"HTTP/1.1 {status} x\r\netag: {tag}\r\ncontent-length: {len(body)}\r\n\r\n"
        writer.write(head.encode() + body)
        await writer.drain()
        writer.close()


@asynccontextmanager
async def serving() -> AsyncIterator[Site]:
    """Runs such a server until left."""
    site = Site()
    server = await asyncio.start_server(site.handle, "127.0.0.1", 0)
    site.port = server.sockets[0].getsockname()[1]
    try:
        yield site
    finally:
        server.close()
