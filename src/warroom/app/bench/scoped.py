"""What a scope costs: lists and checks over a whole city, beside the same without any scope.

The application runs in this process and is asked as a server asks it (ASGI), one request at a time,
over one connection to a PostgreSQL of its own. So the CPU of one request is what this process used
for it, and what the one backend used.
"""

import asyncio
import gc
import os
import random
import shutil
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any
from uuid import UUID

import psycopg
from starlette.requests import HTTPConnection

from warroom.app import wiring
from warroom.app.asgi import create_app
from warroom.app.bench.node import BenchStoppedError
from warroom.app.media import inventory_of
from warroom.app.node import Node, open_node, start_database
from warroom.cameras import api as cameras
from warroom.cameras.contracts import ListFilter, columns_of
from warroom.identity import api as identity
from warroom.kernel.db import Database
from warroom.kernel.scope import Scope
from warroom.kernel.settings import Configuration

PAGE, WARM, COUNTED, CHECKS, BUILDS = 500, 30, 200, 5_000, 50
MANY = 3
"""Number of the person whom all the grants reach."""

CLASSES = ("public", "indoor", "sensitive")

_AGENCIES = """
insert into agency (id, kind, name, short, created_at, changed_at)
select md5('a' || n)::uuid, case n when 1 then 'city' else 'skpd' end, 'Lembaga ' || n, 'L' || n,
    now(), now()
from generate_series(1, %(agencies)s) n
"""

_PEOPLE = """
insert into person (id, agency_id, login, name, created_at, changed_at)
select md5('p' || n)::uuid, md5('a' || 1 + n %% %(agencies)s)::uuid, 'p' || n, 'Orang ' || n,
    now(), now()
from generate_series(1, %(users)s) n
"""

_ROLES = """
insert into person_role (person_id, role, reach)
select md5('p' || n)::uuid, case n when %(agencies)s then 'operate' else 'view' end,
    case n when %(agencies)s then 'city' else 'own' end
from generate_series(1, %(users)s) n
"""

_CAMERAS = """
insert into camera (id, agency_id, number, name, kecamatan, kelurahan, kecamatan_name,
    kelurahan_name, lat, lon, tags, retention_class, created_at, changed_at)
select md5('c' || n)::uuid, md5('a' || 1 + n %% %(agencies)s)::uuid, n, 'Kamera ' || n,
    format('73.71.%%s', lpad((1 + n %% 15)::text, 2, '0')),
    format('73.71.%%s.%%s', lpad((1 + n %% 15)::text, 2, '0'), 1001 + n %% 10),
    'Kecamatan ' || 1 + n %% 15, 'Kelurahan ' || n %% 150, -5.2 + n %% 100 / 1000.0,
    119.38 + n / 10000.0, array['ruas-' || n %% 40],
    (array['public', 'indoor', 'sensitive'])[1 + n %% 3],
    now(), now()
from generate_series(1, %(cameras)s) n;
"""

_STREAMS = """
insert into camera_stream (id, camera_id, agency_id, role, url, codec, width, height)
select gen_random_uuid(), id, agency_id, 'main', 'rtsp://127.0.0.1:9/' || number, 'avc1.64001e',
    1920, 1080
from camera
"""

_STATES = """
insert into camera_state (camera_id, agency_id, state, since, last_frame_at, fps, kbit_s, recording,
    node, reported_at)
select id, agency_id, 'live', now(), now(), 25, 1000, true, 'rec-1', now() + interval '1 day'
from camera
"""

# Of every kind: on single cameras, areas, an agency's things in an area, tags, classes; some deny.
_GRANTS = """
insert into access_grant (id, person_id, agency_id, actions, agencies, places, objects, tags,
    classes, deny, starts_at, ends_at, reason, created_at)
select gen_random_uuid(), md5('p' || %(many)s)::uuid,
    md5('a' || 1 + %(many)s %% %(agencies)s)::uuid,
    (array['{camera:view,live:view}', '{camera:*}',
        '{camera:view,recording:view}'])[1 + n %% 3]::text[],
    case when n %% 5 in (1, 2) then array[md5('a' || 1 + n %% %(agencies)s)::uuid] end,
    case when n %% 5 = 1 then array[format('73.71.%%s', lpad((1 + n %% 15)::text, 2, '0'))]
        when n %% 50 = 3 then array['73.71.0' || 1 + n %% 9 || '.1001'] end,
    case when n %% 5 in (0, 4) then array[md5('c' || 1 + n * 19 %% %(cameras)s)::uuid] end,
    case when n %% 5 = 3 and n %% 50 <> 3 then array['ruas-' || n %% 40] end,
    case when n %% 5 in (2, 3) then array['public', 'indoor'] end,
    n %% 25 = 4, now() - interval '1 day', now() + interval '1 day' + n * interval '1 hour',
    'bench', now()
from generate_series(1, %(grants)s) n
"""


def bench_scoped(cameras: int, users: int, agencies: int, grants: int) -> dict[str, Any]:
    """Lists and checks for three people, and what the same costs without a scope.

    The people: `city` (one role, all cameras), `agency` (one role, their own agency's), `granted`
    (a role and all the grants).

    Returns:
        `askers.<who>`: `rules`, `rows` and `total` of the list, `bytes`, `list_process_ms` and
        `list_postgres_ms` (CPU of this process and of the backend for a list of up to 500 cameras
        with state), `check_us` (one `Scope.allows`), `build_ms` (CPU of this process from stored
        rights to a scope that has judged). `floor`: the same list without any right or wall.
        Each figure is `{p50, p99}`.
    """
    sizes = {"cameras": cameras, "users": users, "agencies": agencies, "grants": grants}
    with _city(sizes | {"many": MANY}) as node:
        return asyncio.run(_measure(node, sizes))


async def _measure(node: Node, sizes: dict[str, int]) -> dict[str, Any]:
    db = Database(node.connections.app, min_size=1, max_size=1)
    await db.open()
    wired = wiring.wire(node, db)
    gc.collect()
    gc.freeze()  # as the web server does when it starts
    askers = {}
    for who, number in {"city": sizes["agencies"], "agency": 2, "granted": MANY}.items():
        scope = await _scope(node, db, f"p{number}")

        app = create_app(replace(wired, authenticator=_Asker(scope, node)))
        askers[who] = {
            **await _list(app, db, scope),
            "check_us": _check(scope),
            "build_ms": await _build(node, db, f"p{number}"),
        }
    await db.close()
    return {
        **sizes,
        "askers": askers,
        "floor": await _floor(node),
        "requests": COUNTED,
        "checks": CHECKS,
    }


async def _scope(node: Node, db: Database, login: str) -> Scope:
    """The scope that a person would get by signing in."""
    system = identity.system_scope("bench", node.clock, door="cli")
    async with db.transaction(system) as tx:
        return await identity.scope_of_person(system, tx, login)


class _Asker:
    """Takes every request for one person's, as the authenticator's memory does."""

    def __init__(self, scope: Scope, node: Node) -> None:
        self._scope, self._clock = scope, node.clock

    async def __call__(self, connection: HTTPConnection) -> Scope:
        """The scope, moved to now."""
        return self.recall(connection)

    def recall(self, connection: HTTPConnection) -> Scope:  # noqa: ARG002
        """The same, whether or not the database is there."""
        return identity.moved(self._scope, self._clock.now(), "127.0.0.1")


async def _list(app: Any, db: Database, scope: Scope) -> dict[str, Any]:
    async with db.transaction(scope) as tx:
        row = await (await tx.execute("select pg_backend_pid() as pid")).fetchone()
    backend = int(row["pid"]) if row else 0
    ours, theirs, body = [], [], b""
    for number in range(WARM + COUNTED):
        began, began_there = time.process_time_ns(), _cpu_ns(backend)
        body = await _get(app, f"/api/cameras?limit={PAGE}")
        if number >= WARM:
            ours.append((time.process_time_ns() - began) / 1e6)
            theirs.append((_cpu_ns(backend) - began_there) / 1e6)
    return {
        "rules": len(scope.rules),
        "rows": body.count(b'"number":'),
        "total": int(body.rpartition(b'"total":')[2].rstrip(b"}")),
        "bytes": len(body),
        "list_process_ms": _quantiles(ours),
        "list_postgres_ms": _quantiles(theirs),
    }


async def _get(app: Any, address: str) -> bytes:
    """One answer of the application, asked as a server does, without a client's own cost.

    Raises:
        BenchStoppedError: It was not the list.
    """
    path, _, query = address.partition("?")
    parts: list[bytes] = []
    statuses: list[int] = []

    async def receive() -> dict[str, Any]:
        return {"type": "http.request", "body": b"", "more_body": False}

    async def send(message: dict[str, Any]) -> None:
        if message["type"] == "http.response.start":
            statuses.append(message["status"])
        else:
            parts.append(message.get("body", b""))

    await app(
        {
            "type": "http",
            "asgi": {"version": "3.0"},
            "http_version": "1.1",
            "method": "GET",
            "scheme": "http",
            "path": path,
            "raw_path": path.encode(),
            "query_string": query.encode(),
            "headers": [(b"host", b"bench")],
            "client": ("127.0.0.1", 1),
            "server": ("127.0.0.1", 80),
        },
        receive,
        send,
    )
    if statuses != [200]:
        raise BenchStoppedError(problem=f"{address} answered {statuses}")
    return b"".join(parts)


def _check(scope: Scope) -> dict[str, Any]:
    """How long one question takes, of a scope that has been asked before."""
    chance = random.Random(1)  # noqa: S311 - which things are asked for is no secret
    agencies = [agency for rule in scope.rules for agency in rule.agencies or ()] or [UUID(int=0)]
    took = []
    for _ in range(CHECKS):
        place = f"73.71.{chance.randint(1, 15):02}.{chance.randint(1001, 1010)}"
        agency, thing = chance.choice(agencies), UUID(int=chance.getrandbits(128))
        tags, class_ = (f"ruas-{chance.randint(0, 39)}",), chance.choice(CLASSES)
        began = time.perf_counter_ns()
        scope.allows(
            "live:view", agency_id=agency, place=place, object_id=thing, tags=tags, class_=class_
        )
        took.append((time.perf_counter_ns() - began) / 1e3)
    return _quantiles(took)


async def _build(node: Node, db: Database, login: str) -> dict[str, float]:
    """From the rights as they are stored to a scope that has judged, narrowed and told the wall."""
    took = []
    for _ in range(BUILDS):
        began = time.process_time_ns()
        scope = await _scope(node, db, login)
        scope.allows("live:view", agency_id=None)
        scope.narrow("camera:view", **columns_of("c"))
        scope.database_settings()
        took.append((time.process_time_ns() - began) / 1e6)
    return _quantiles(took)


async def _floor(node: Node) -> dict[str, Any]:
    """The same page by a role that no wall stands before, under a scope without any limit."""
    db = Database(node.connections.superuser, min_size=1, max_size=1)
    await db.open()
    system = identity.system_scope("bench", node.clock)
    inventory = inventory_of(node)
    ours, theirs = [], []
    try:
        async with db.transaction(system) as tx:
            backend = tx.info.backend_pid
        for number in range(WARM + COUNTED):
            began, began_there = time.process_time_ns(), _cpu_ns(backend)
            async with db.transaction(system) as tx:
                await cameras.list_cameras(inventory, system, tx, ListFilter(limit=PAGE))
            if number >= WARM:
                ours.append((time.process_time_ns() - began) / 1e6)
                theirs.append((_cpu_ns(backend) - began_there) / 1e6)
    finally:
        await db.close()
    return {"list_process_ms": _quantiles(ours), "list_postgres_ms": _quantiles(theirs)}


@contextmanager
def _city(sizes: dict[str, int]) -> Iterator[Node]:
    folder = Path(tempfile.mkdtemp(prefix="warroom-bench-"))
    folder.chmod(0o755)
    node = open_node(Configuration.read({**os.environ, "WARROOM_DATA_DIR": str(folder)}))
    try:
        start_database(node)
        with psycopg.connect(node.connections.superuser) as connection:
            for statement in (_AGENCIES, _PEOPLE, _ROLES, _CAMERAS, _STREAMS, _STATES, _GRANTS):
                connection.execute(statement, sizes)
        with psycopg.connect(node.connections.superuser, autocommit=True) as connection:
            connection.execute("vacuum analyze")
        yield node
    finally:
        if node.embedded is not None:
            node.embedded.stop()
        shutil.rmtree(folder, ignore_errors=True)


def _cpu_ns(pid: int) -> int:
    """Nanoseconds on a core so far, as the scheduler counts them (Linux)."""
    return int(Path(f"/proc/{pid}/schedstat").read_text("ascii").split()[0])


def _quantiles(values: list[float]) -> dict[str, float]:
    ordered = sorted(values)
    return {
        "p50": round(ordered[len(ordered) // 2], 3),
        "p99": round(ordered[min(len(ordered) - 1, int(len(ordered) * 0.99))], 3),
    }
