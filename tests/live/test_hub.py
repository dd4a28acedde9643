"""From the recorder's socket to the viewers: one watch, one fragment, nobody waits for anybody."""

import asyncio
import io
import json
import tempfile
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from uuid import UUID

import av
import pytest

from tests.live.media_server import GOP, MediaServer, Stream, make_clip
from warroom.kernel.clock import SystemClock
from warroom.live.channels import Channel
from warroom.live.contracts import Role
from warroom.live.errors import CodecNotPlayableError
from warroom.live.hub import Hub
from warroom.live.settings import LiveSettings
from warroom.live.viewers import Viewer, ViewerClosedError

CAMERA = UUID("01930000-0000-7000-8000-000000000001")
OTHER = UUID("01930000-0000-7000-8000-000000000002")


@asynccontextmanager
async def running(
    settings: LiveSettings | None = None, **streams: Stream
) -> AsyncIterator[tuple[Hub[Channel], MediaServer]]:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "media.sock"
        by_key = {(str(CAMERA), role): stream for role, stream in streams.items()}
        server = MediaServer(path, by_key)
        await server.start()
        settings = settings or LiveSettings()
        hub = Hub(path, settings, SystemClock(), lambda *words: Channel(*words, settings.gop_bytes))
        hub.start()
        try:
            await until(lambda: hub.is_connected)
            yield hub, server
        finally:
            await hub.stop()
            await server.stop()


async def until(claim: Callable[[], bool]) -> None:
    async with asyncio.timeout(10):
        while not claim():
            await asyncio.sleep(0.005)


async def read(
    viewer: Viewer, frames: int = 0, *, texts: int = 0
) -> tuple[list[dict[str, object]], bytes]:
    """Takes what waits, until at least so many frames and texts came."""
    told: list[dict[str, object]] = []
    data = b""
    async with asyncio.timeout(10):
        while viewer.waiting or data.count(b"moof") < frames or len(told) < texts:
            item = await viewer.take()
            if isinstance(item, str):
                told.append(json.loads(item))
            else:
                data += item
    return told, data


def join(hub: Hub[Channel], camera: UUID, role: Role, pieces: int = 75) -> tuple[Channel, Viewer]:
    viewer = Viewer(max_bytes=8_000_000, max_pieces=pieces)
    channel = hub.follow(camera, role)
    channel.join(viewer)
    return channel, viewer


def kinds(texts: list[dict[str, object]]) -> list[object]:
    return [text["type"] for text in texts]


def decode(data: bytes) -> list[av.VideoFrame]:
    with av.open(io.BytesIO(data)) as box:
        return list(box.decode(video=0))


async def test_viewer_starts_at_once_on_the_cached_gop() -> None:
    stream = Stream(make_clip())
    for _ in range(GOP + 7):
        stream.next_frame()

    async with running(main=stream) as (hub, _):
        _, viewer = join(hub, CAMERA, "main")
        texts, data = await read(viewer, 7)

    assert kinds(texts) == ["state", "init"]
    assert texts[1]["codec"] == f'video/mp4; codecs="{stream.clip.init.codec}"'
    assert len(decode(data)) == 7


async def test_hundred_viewers_cost_one_watch_and_one_fragment_per_frame() -> None:
    async with running(main=Stream(make_clip())) as (hub, server):
        joined = [join(hub, CAMERA, "main") for _ in range(100)]
        channel = joined[0][0]
        await until(lambda: bool(server.requests))
        server.send(str(CAMERA), count=5)
        await until(lambda: channel.fragments_built == 5)
        taken = [await read(viewer) for _, viewer in joined]

        assert len([r for r in server.requests if r["op"] == "watch"]) == 1
    assert channel.fragments_built == 5
    assert len({data for _, data in taken}) == 1


async def test_fragments_are_shared_not_copied() -> None:
    async with running(main=Stream(make_clip())) as (hub, server):
        (_, one), (_, two) = join(hub, CAMERA, "main"), join(hub, CAMERA, "main")
        await until(lambda: bool(server.requests))
        server.send(str(CAMERA), count=1)
        await read(one, 1)
        await read(two, 1)
        server.send(str(CAMERA), count=1)

        assert await one.take() is await two.take()


async def test_media_time_zero_lies_at_the_told_wall_clock() -> None:
    stream = Stream(make_clip())

    async with running(main=stream) as (hub, server):
        _, viewer = join(hub, CAMERA, "main")
        await until(lambda: bool(server.requests))
        first_ms = stream.wall_ms
        server.send(str(CAMERA), count=8)
        texts, data = await read(viewer, 8)

    init = next(text for text in texts if text["type"] == "init")
    assert init["epoch_ms"] == first_ms
    assert decode(data)[0].time == pytest.approx(0.0, abs=0.001)


async def test_slow_viewer_is_set_to_the_next_key_frame_and_told_so() -> None:
    async with running(main=Stream(make_clip())) as (hub, server):
        channel, slow = join(hub, CAMERA, "main", 10)
        _, quick = join(hub, CAMERA, "main")
        await until(lambda: bool(server.requests))
        server.send(str(CAMERA), count=1)
        await read(slow, 1)
        got = len((await read(quick, 1))[1])
        for _ in range(GOP + 3):
            server.send(str(CAMERA))
            built = channel.fragments_built
            await until(lambda built=built: channel.fragments_built > built)
            got += len((await read(quick, 1))[1])
            assert slow.waiting <= 11
        texts, data = await read(slow)

    assert slow.dropped == 1
    assert quick.dropped == 0
    assert kinds(texts) == ["jump"]
    assert len(decode(channel.description.header + data)) == 4


async def test_description_lost_with_the_queue_is_told_again() -> None:
    async with running(main=Stream(make_clip())) as (hub, server):
        channel, slow = join(hub, CAMERA, "main", 6)
        await until(lambda: bool(server.requests))
        server.send(str(CAMERA), count=GOP + 2)
        await until(lambda: channel.fragments_built == GOP + 2)
        texts, data = await read(slow)

    assert "init" in kinds(texts)
    assert len(decode(data)) == 2


async def test_recorder_restarts_and_viewers_stay() -> None:
    stream = Stream(make_clip())
    async with running(main=stream) as (hub, server):
        channel, viewer = join(hub, CAMERA, "main")
        await until(lambda: bool(server.requests))
        server.send(str(CAMERA), count=3)
        await read(viewer, 3)

        await server.stop()
        away, _ = await read(viewer, texts=1)
        stream.dts = 12345
        stream.number = 0
        stream.gop = []
        await server.start()
        await until(lambda: len(server.requests) == 2)
        server.send(str(CAMERA), count=2)
        back, data = await read(viewer, 2)

    assert away[0]["reason"] == "live.media_away"
    assert "refused" not in kinds(back)
    assert len(decode(channel.description.header + data)) == 2


async def test_changed_picture_is_described_anew() -> None:
    stream = Stream(make_clip())
    async with running(main=stream) as (hub, server):
        _, viewer = join(hub, CAMERA, "main")
        await until(lambda: bool(server.requests))
        server.send(str(CAMERA), count=3)
        await read(viewer, 3)
        server.reinit(str(CAMERA), make_clip(160, 96))
        server.send(str(CAMERA), count=2)
        texts, data = await read(viewer, 2)

    assert [text["width"] for text in texts if text["type"] == "init"] == [160]
    assert {(frame.width, frame.height) for frame in decode(data)} == {(160, 96)}


async def test_h265_is_refused_with_its_reason() -> None:
    clip = make_clip(codec="libx264")
    hevc = type(clip)(
        type(clip.init)("hvc1.1.6.L93.B0", 320, 180, None, 0, 0, clip.init.header), clip.units
    )
    async with running(main=Stream(hevc)) as (hub, _):
        _, viewer = join(hub, CAMERA, "main")
        await until(viewer.ended.is_set)
        with pytest.raises(ViewerClosedError):
            await viewer.take()

    assert isinstance(viewer.error, CodecNotPlayableError)


async def test_stream_is_let_go_after_its_last_viewer() -> None:
    async with running(LiveSettings(linger_s=0.0), main=Stream(make_clip())) as (hub, server):
        channel, viewer = join(hub, CAMERA, "main")
        hub.leave(channel, viewer)
        hub.sweep()
        await until(lambda: len(server.requests) == 2)

        assert hub.channels == []
    assert [request["op"] for request in server.requests] == ["watch", "unwatch"]


async def test_unknown_camera_is_told_as_offline_and_asked_for_again() -> None:
    async with running(main=Stream(make_clip())) as (hub, server):
        _, viewer = join(hub, OTHER, "main")
        texts, _ = await read(viewer, texts=1)
        await until(lambda: len(server.requests) >= 2)

    assert texts[-1]["reason"] == "recording.not_found"


async def test_nonsense_from_the_recorder_ends_the_connection_not_the_hub() -> None:
    async with running(main=Stream(make_clip())) as (hub, server):
        join(hub, CAMERA, "main")
        await until(lambda: bool(server.watched) and bool(server.requests))
        for writer in server.watched:
            writer.write(b"\xff" * 64)
        await until(lambda: not hub.is_connected)
        await until(lambda: hub.is_connected)


def test_gop_without_end_is_not_kept() -> None:
    clip = make_clip()
    channel = Channel(1, CAMERA, "main", 2000)
    channel.describe(clip.init)
    stream = Stream(clip)
    for _ in range(GOP):
        channel.add_frame(stream.next_frame())
    viewer = Viewer(max_bytes=1_000_000, max_pieces=100)
    channel.join(viewer)

    assert viewer.waits_for_key
    channel.add_frame(stream.next_frame())
    assert not viewer.waits_for_key


def test_clock_is_corrected_when_it_drifts() -> None:
    stream = Stream(make_clip())
    channel = Channel(1, CAMERA, "main", 2_000_000)
    channel.describe(stream.clip.init)
    viewer = Viewer(max_bytes=1_000_000, max_pieces=100)
    channel.join(viewer)
    channel.add_frame(stream.next_frame())
    stream.wall_ms += 500
    channel.add_frame(stream.next_frame())

    told = [json.loads(item) for item in viewer._queue if isinstance(item, str)]
    clock = next(text for text in told if text["type"] == "clock")
    init = next(text for text in told if text["type"] == "init")
    assert 490 <= clock["epoch_ms"] - init["epoch_ms"] <= 510


def test_crowd_gets_frames_in_pairs_and_misses_none() -> None:
    stream = Stream(make_clip())
    channel = Channel(1, CAMERA, "main", 2_000_000, crowd=1)
    channel.describe(stream.clip.init)
    viewers = [Viewer(max_bytes=10_000_000, max_pieces=100) for _ in range(2)]
    for viewer in viewers:
        channel.join(viewer)
    for _ in range(GOP + 1):
        channel.add_frame(stream.next_frame())

    pieces = [item for item in viewers[0]._queue if isinstance(item, bytes)]
    # The header, the key frame, seven pairs, and the key frame that ends the GOP.
    assert [piece.count(b"moof") for piece in pieces] == [0, 1, *[2] * 7, 1]
    late = Viewer(max_bytes=10_000_000, max_pieces=100)
    channel.add_frame(stream.next_frame())
    channel.join(late)
    channel.add_frame(stream.next_frame())
    got = b"".join(item for item in late._queue if isinstance(item, bytes))
    assert len(decode(got)) == 3


def test_silent_camera_is_told_again_so_that_the_link_is_not_taken_for_dead() -> None:
    channel = Channel(1, CAMERA, "main", 2_000_000)
    viewer = Viewer(max_bytes=1_000_000, max_pieces=100)
    channel.join(viewer)
    channel.change_state({"state": "offline", "reason": "timeout"})
    for _ in range(12):
        channel.second()

    assert [json.loads(str(item))["state"] for item in viewer._queue] == ["offline"] * 3
