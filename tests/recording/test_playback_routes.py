"""Playback over HTTP: who may, what they get, what is written down before they get it."""

import asyncio
import io
import json
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from uuid import UUID

import av
import httpx
import pytest
from starlette.requests import HTTPConnection

from simcity.rtsp.audio import make_track
from tests.live.media_server import FPS
from tests.recording.footage import BEGIN_MS, CAMERA, Disk
from tests.scopes import AT
from warroom.app.asgi import Wiring, create_app
from warroom.kernel.clock import FixedClock
from warroom.kernel.db import Database, Transaction
from warroom.kernel.errors import NotFoundError
from warroom.kernel.scope import Rule, Scope
from warroom.kernel.settings import NodeSettings
from warroom.recording import routes
from warroom.recording.contracts import Hold
from warroom.recording.playback_cameras import windows_of
from warroom.recording.playback_service import FilmedBy, PlaybackService
from warroom.recording.settings import DiskSettings, RecordingSettings

POLICE = UUID("01930000-0000-7000-8000-0000000000a1")
FIRE = UUID("01930000-0000-7000-8000-0000000000a2")
BEGIN = datetime(2026, 11, 24, 6, 0, tzinfo=UTC)
URL = f"/api/recordings/{CAMERA}"


def person(agency: UUID, *actions: str) -> Scope:
    rules = (Rule(frozenset(actions), agencies=frozenset({agency})),)
    return Scope(None, agency, rules, AT, "test", session_id=agency)


PEOPLE = {
    "police": person(POLICE, "recording:view"),
    "fire": person(FIRE, "recording:view"),
    "lent": Scope(
        None,
        FIRE,
        (
            Rule(
                frozenset({"recording:view"}),
                classes=frozenset({"standard"}),
                purpose="Perkara 12",
                footage_from=BEGIN + timedelta(seconds=4),
                footage_to=BEGIN + timedelta(seconds=8),
            ),
        ),
        AT,
        "test",
        session_id=FIRE,
    ),
    "nobody": Scope(None, None, (), AT, "test"),
}
EVERYTHING = Scope(None, None, (Rule(frozenset({"*"})),), AT, "test")


async def find_camera(scope: Scope, tx: Transaction, camera_id: UUID, action: str) -> FilmedBy:
    camera = FilmedBy(camera_id, POLICE, "73.71", ("lobi",), "standard", "Simpang Lima")
    if str(camera_id) != CAMERA or not scope.allows(action, **camera.sides):
        raise NotFoundError
    return replace(camera, windows_ms=windows_of(scope.footage_of(action, **camera.sides)))


async def authenticate(connection: HTTPConnection) -> Scope | None:
    return PEOPLE.get(connection.headers.get("x-as", ""))


@pytest.fixture
def disk(tmp_path: Path) -> Iterator[Disk]:
    made = Disk(tmp_path / "video")
    for number in range(3):
        made.add_segment(BEGIN_MS + number * 4000, tfdt=number * 360_000, offset_ms=-1500.0)
    yield made
    made.close()


@pytest.fixture
def clock() -> FixedClock:
    return FixedClock(BEGIN + timedelta(hours=1))


@pytest.fixture
def client(
    db: Database, disk: Disk, clock: FixedClock, loop_runner: asyncio.Runner, tmp_path: Path
) -> Iterator[httpx.AsyncClient]:
    settings = RecordingSettings(disks=[DiskSettings(str(disk.folder), 1 << 30)])
    playback = PlaybackService(db, clock, settings, tmp_path, find_camera)
    app = create_app(
        Wiring(
            authenticate, db, clock, EVERYTHING, "test", tmp_path, [routes.router],
            services={PlaybackService: playback, NodeSettings: NodeSettings(demo=True)},
        )
    )  # fmt: skip
    transport = httpx.ASGITransport(app)
    made = httpx.AsyncClient(
        transport=transport, base_url="http://test", headers={"x-as": "police"}
    )
    yield made
    loop_runner.run(made.aclose())
    loop_runner.run(playback.__aexit__(None, None, None))


def at(seconds: float) -> str:
    return (BEGIN + timedelta(seconds=seconds)).isoformat(timespec="milliseconds")


def span(start_s: float, end_s: float, **more: str) -> dict[str, str]:
    return {"from": at(start_s), "to": at(end_s), **more}


async def audited(db: Database) -> list[dict[str, object]]:
    async with db.transaction(EVERYTHING) as tx:
        rows = await tx.execute(
            "select object_id, owner_agency_id, detail from audit_entry"
            " where action = 'recording:view' order by recorded_at"
        )
        return [{**row, "detail": json.loads(row["detail"])} for row in await rows.fetchall()]


async def test_range_is_played_and_says_where_it_goes_on(client: httpx.AsyncClient) -> None:
    answer = await client.get(f"{URL}/media", params=span(2, 6, base=at(-60)))

    assert answer.status_code == 200
    assert answer.headers["x-codec"].startswith('video/mp4; codecs="avc1.')
    assert answer.headers["x-first-at"] == "2026-11-24T06:00:02.000Z"
    assert answer.headers["x-next-at"] == "2026-11-24T06:00:06.000Z"
    with av.open(io.BytesIO(answer.content)) as box:
        times = [float(p.pts * p.time_base) for p in box.demux(video=0) if p.size]
    assert times[0] == pytest.approx(62.0)
    assert len(times) == 4 * FPS


async def test_gap_tells_where_footage_goes_on(client: httpx.AsyncClient) -> None:
    answer = await client.get(f"{URL}/media", params=span(-100, -50))

    assert answer.status_code == 404
    assert answer.json()["code"] == "recording.nothing_there"
    assert answer.headers["x-next-at"] == "2026-11-24T06:00:00.000Z"


@pytest.mark.parametrize(
    ("who", "status"), [("", 401), ("fire", 404), ("nobody", 404), ("police", 200)]
)
@pytest.mark.parametrize("what", ["media", "timeline", "thumbnail.jpg"])
async def test_only_those_who_may_see_anything(
    client: httpx.AsyncClient, db: Database, who: str, status: int, what: str
) -> None:
    answer = await client.get(f"{URL}/{what}", params=span(0, 4, at=at(1)), headers={"x-as": who})

    assert answer.status_code == status
    assert len(await audited(db)) == (status == 200 and what != "timeline")


async def test_camera_that_does_not_exist_answers_as_one_of_others(
    client: httpx.AsyncClient,
) -> None:
    unknown = "01930000-0000-7000-8000-00000000dead"
    missing = await client.get(f"/api/recordings/{unknown}/media", params=span(0, 4))
    foreign = await client.get(f"{URL}/media", params=span(0, 4), headers={"x-as": "fire"})

    assert missing.json() == foreign.json()


async def test_half_a_minute_in_many_requests_is_one_row(
    client: httpx.AsyncClient, db: Database, clock: FixedClock
) -> None:
    for second in range(10):
        await client.get(f"{URL}/media", params=span(second, second + 1))
    first = await audited(db)
    clock.advance(1000)
    await client.get(f"{URL}/media", params=span(3, 4))
    later = await audited(db)

    assert len(first) == 1
    assert first[0]["owner_agency_id"] == POLICE
    assert first[0]["detail"]["from"] == "2026-11-24T06:00:00.000Z"
    assert len(later) == 2


async def test_sound_is_asked_for_beside_the_picture_and_is_a_look_of_its_own(
    client: httpx.AsyncClient, db: Database, disk: Disk
) -> None:
    disk.add_segment(BEGIN_MS + 60_000, sound=make_track("pcma"))
    picture = await client.get(f"{URL}/media", params=span(60, 64))
    sound = await client.get(f"{URL}/media", params=span(60, 64, mode="sound", base=at(0)))
    silent = await client.get(f"{URL}/media", params=span(0, 4, mode="sound"))
    foreign = await client.get(
        f"{URL}/media", params=span(60, 64, mode="sound"), headers={"x-as": "lent"}
    )
    ways = [row["detail"]["way"] for row in await audited(db)]  # type: ignore[index]

    assert picture.headers["x-sound"] == sound.headers["x-codec"] == 'audio/mp4; codecs="flac"'
    with av.open(io.BytesIO(sound.content)) as box:
        times = [float(p.pts * p.time_base) for p in box.demux() if p.size]
        kinds = [stream.type for stream in box.streams]
    assert kinds == ["audio"]
    assert times[0] == pytest.approx(60, abs=0.05)
    assert (silent.status_code, foreign.status_code) == (404, 404)
    assert ways == ["all", "sound"]


async def test_each_window_of_footage_has_its_row(
    client: httpx.AsyncClient, db: Database, disk: Disk
) -> None:
    disk.add_segment(BEGIN_MS + 598_000)
    await client.get(f"{URL}/media", params=span(598, 602))

    windows = [row["detail"]["to"] for row in await audited(db)]
    assert windows == ["2026-11-24T06:10:00.000Z", "2026-11-24T06:20:00.000Z"]


async def test_timeline_shows_footage_gaps_holds_and_clock(
    client: httpx.AsyncClient, disk: Disk
) -> None:
    disk.add_segment(BEGIN_MS + 60_000)
    disk.add_gap(BEGIN_MS + 12_000, BEGIN_MS + 60_000, "offline")
    disk.set_holds([Hold("h1", CAMERA, BEGIN_MS + 1000, BEGIN_MS + 2000)])

    line = (await client.get(f"{URL}/timeline", params=span(0, 64))).json()

    assert line["spans"] == [
        {"start": "2026-11-24T06:00:00.000Z", "end": "2026-11-24T06:00:12.000Z"},
        {"start": "2026-11-24T06:01:00.000Z", "end": "2026-11-24T06:01:04.000Z"},
    ]
    assert [(gap["start"][17:19], gap["cause"]) for gap in line["gaps"]] == [("12", "offline")]
    assert line["held"][0]["hold"] == "h1"
    assert line["clock"][0]["offset_ms"] == -1500.0
    assert line["first_at"] == "2026-11-24T06:00:00.000Z"


async def test_damaged_segment_is_a_gap_that_says_so(client: httpx.AsyncClient, disk: Disk) -> None:
    path = disk.folder / CAMERA / "main" / f"{BEGIN_MS + 4000}.mp4"
    path.write_bytes(path.read_bytes()[:-1] + b"?")
    await client.get(f"{URL}/media", params=span(0, 12))

    line = (await client.get(f"{URL}/timeline", params=span(0, 12))).json()

    assert [gap["cause"] for gap in line["gaps"]] == ["damaged"]
    assert len(line["spans"]) == 2


async def test_thumbnail_is_the_key_frame_before(client: httpx.AsyncClient) -> None:
    answer = await client.get(f"{URL}/thumbnail.jpg", params={"at": at(1.9), "w": "96"})
    again = await client.get(
        f"{URL}/thumbnail.jpg",
        params={"at": at(1.2), "w": "96"},
        headers={"if-none-match": answer.headers["etag"]},
    )

    with av.open(io.BytesIO(answer.content)) as box:
        picture = next(box.decode(video=0))
    assert (picture.width, picture.height) == (96, 54)
    assert again.status_code == 304


async def test_range_without_length_is_refused(client: httpx.AsyncClient) -> None:
    for what in ("media", "timeline"):
        answer = await client.get(f"{URL}/{what}", params=span(4, 4))
        assert answer.status_code == 422
        assert answer.json()["code"] == "recording.bad_range"


async def test_time_without_a_zone_is_refused(client: httpx.AsyncClient) -> None:
    answer = await client.get(f"{URL}/media", params={"from": "2026-11-24T06:00:00", "to": at(4)})

    assert answer.status_code == 422


async def test_summary_tells_how_full_the_disks_are(client: httpx.AsyncClient) -> None:
    told = (await client.get("/api/recordings/summary")).json()

    assert told["disks"][0]["state"] == "ok"
    assert told["disks"][0]["bytes"] > 0
    assert told["simulated_quota"] is True
    assert told["oldest_at"] == "2026-11-24T06:00:00.000Z"


LENT = {"x-as": "lent"}


async def test_who_was_lent_a_window_of_footage_sees_nothing_beside_it(
    client: httpx.AsyncClient,
) -> None:
    inside = await client.get(f"{URL}/media", params=span(2, 6), headers=LENT)
    before = await client.get(f"{URL}/media", params=span(0, 3), headers=LENT)
    after = await client.get(f"{URL}/thumbnail.jpg", params={"at": at(9)}, headers=LENT)
    within = await client.get(f"{URL}/thumbnail.jpg", params={"at": at(5)}, headers=LENT)
    line = (await client.get(f"{URL}/timeline", params=span(-60, 60), headers=LENT)).json()

    assert inside.headers["x-first-at"] == "2026-11-24T06:00:04.000Z"
    assert (before.status_code, after.status_code, within.status_code) == (404, 404, 200)
    assert "x-next-at" not in before.headers
    assert line["spans"] == [
        {"start": "2026-11-24T06:00:04.000Z", "end": "2026-11-24T06:00:08.000Z"}
    ]
    assert (line["gaps"], line["first_at"]) == ([], "2026-11-24T06:00:04.000Z")


async def test_what_was_seen_by_a_lent_right_says_what_for(
    client: httpx.AsyncClient, db: Database
) -> None:
    await client.get(f"{URL}/media", params=span(4, 6), headers=LENT)
    await client.get(f"{URL}/media", params=span(4, 6))

    async with db.transaction(EVERYTHING) as tx:
        rows = await tx.execute("select purpose from audit_entry where action = 'recording:view'")
        assert {row["purpose"] for row in await rows.fetchall()} == {"Perkara 12", None}
