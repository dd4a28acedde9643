"""A whole `serve` for tests: real sockets and database, the stand-in recorder, made-up cameras."""

import asyncio
import json
import tempfile
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from uuid import UUID

from starlette.requests import HTTPConnection

from tests.live.media_server import MediaServer, Stream
from warroom.app.asgi import Wiring, create_app
from warroom.app.connections import WebSettings
from warroom.app.web_server import WebServer, listen
from warroom.kernel.clock import SystemClock
from warroom.kernel.db import Database, Transaction
from warroom.kernel.errors import NotFoundError
from warroom.kernel.scope import Rule, Scope
from warroom.live import routes
from warroom.live.api import make_service
from warroom.live.contracts import CameraFacts, StreamFacts
from warroom.live.service import LiveService
from warroom.live.settings import LiveSettings

POLICE = UUID("01930000-0000-7000-8000-0000000000a1")
FIRE = UUID("01930000-0000-7000-8000-0000000000a2")
CAMERA = UUID("01930000-0000-7000-8000-000000000001")
DARK = UUID("01930000-0000-7000-8000-000000000002")
"""A camera that the recorder does not know."""
HEVC = UUID("01930000-0000-7000-8000-000000000003")
"""A camera whose only stream is H.265."""


def _camera(camera_id: UUID, codec: str) -> CameraFacts:
    return CameraFacts(
        camera_id,
        POLICE,
        "73.71.09",
        (),
        "standard",
        (StreamFacts("main", codec, 320),),
        "Simpang Lima",
    )


CAMERAS = {
    CAMERA: _camera(CAMERA, "avc1.4d400c"),
    DARK: _camera(DARK, "avc1.4d400c"),
    HEVC: _camera(HEVC, "hvc1.1.6.L93.B0"),
}


async def find_camera(scope: Scope, tx: Transaction, camera_id: UUID, action: str) -> CameraFacts:
    camera = CAMERAS.get(camera_id)
    if camera is None or not scope.allows(action, **camera.sides):
        raise NotFoundError
    return camera


@dataclass
class House:
    """What a test works with.

    Attributes:
        people: Rights by the name that a request gives in `x-as`.
    """

    url: str
    server: MediaServer
    live: LiveService
    db: Database
    scope: Scope
    people: dict[str, Scope] = field(default_factory=dict)

    async def audited(self, action: str) -> list[dict[str, object]]:
        async with self.db.transaction(self.scope) as tx:
            rows = await tx.execute(
                "select action, object_id, agency_id, purpose, detail from audit_entry"
                " where action = %s order by recorded_at",
                [action],
            )
            return [{**row, "detail": json.loads(row["detail"])} for row in await rows.fetchall()]


def person(agency: UUID | None, *actions: str) -> Scope:
    """Somebody with these rights on the things of an agency."""
    rules = (Rule(frozenset(actions), agencies=frozenset({agency})),) if agency else ()
    return Scope(
        person_id=None,
        agency_id=agency,
        rules=rules,
        at=SystemClock().now(),
        door="test",
        session_id=UUID(int=hash((agency, actions)) & (1 << 64) - 1),
    )


def _lent(rule: Rule) -> Scope:
    """Somebody of the fire brigade, who was lent what the rule says for a purpose."""
    scope = person(FIRE)
    return replace(scope, rules=(replace(rule, purpose="Perkara 12"),))


@asynccontextmanager
async def house(
    db: Database, settings: LiveSettings | None = None, **streams: Stream
) -> AsyncIterator[House]:
    settings = settings or LiveSettings()
    with tempfile.TemporaryDirectory() as folder:
        media = MediaServer(
            Path(folder) / "media.sock", {(str(CAMERA), k): v for k, v in streams.items()}
        )
        await media.start()
        clock = SystemClock()
        live = make_service(
            db, clock, media.path, Path(folder) / "webrtc.sock", settings, find_camera
        )
        everything = Scope(None, None, (Rule(frozenset({"*"})),), clock.now(), "test")
        listener = listen("127.0.0.1", 0)
        port = listener.getsockname()[1]
        made = House(f"127.0.0.1:{port}", media, live, db, everything)
        made.people = {
            "police": person(POLICE, "live:view"),
            "fire": person(FIRE, "live:view"),
            "nobody": person(None),
            "lent": _lent(Rule(frozenset({"live:view"}), classes=frozenset({"standard"}))),
        }

        async def authenticate(connection: HTTPConnection) -> Scope | None:
            return made.people.get(connection.headers.get("x-as", ""))

        wiring = Wiring(
            authenticate,
            db,
            clock,
            everything,
            "test",
            Path(folder),
            [routes.router],
            services={LiveService: live},
            running=(live,),
        )
        server = WebServer(create_app(wiring), listener, WebSettings())
        task = asyncio.create_task(server.run_until_stopped())
        try:
            await _until_open(port)
            yield made
        finally:
            server.stop()
            await task
            await media.stop()


async def _until_open(port: int) -> None:
    async with asyncio.timeout(10):
        while True:
            try:
                _, writer = await asyncio.open_connection("127.0.0.1", port)
            except OSError:
                await asyncio.sleep(0.02)
            else:
                writer.close()
                return
