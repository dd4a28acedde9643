"""Watchers on the fan-out socket."""

import contextlib
import json
import stat
from pathlib import Path
from typing import Any

import pytest

from simcity.rtsp.audio import make_track
from simcity.rtsp.server import RtspServer
from simcity.rtsp.stream import Camera
from simcity.rtsp.testclip import make_clip
from tests.recording.node import WALL, Watching, running, wait_until
from warroom.recording.contracts import Assignment, Kind, unpack_frame, unpack_init


@pytest.fixture(scope="module")
def clip() -> Any:
    return make_clip(fps=15, gop=30, frames=60)


def test_a_watcher_gets_state_header_and_the_open_gop_at_once(tmp_path: Path, clip: Any) -> None:
    with RtspServer.of(clip) as server, running(tmp_path) as node:
        node.assign(Assignment("c1", "main", server.url(1)))
        node.record(1.3)
        watching = Watching(node.socket)
        watching.send(op="watch", channel=7, camera="c1", role="main")

        kinds = [watching.next()[0] for _ in range(6)]
        watching.close()

    assert [Kind.STATE, Kind.INIT, Kind.FRAME, Kind.FRAME, Kind.FRAME, Kind.FRAME] == kinds


def test_frames_are_whole_begin_with_a_key_frame_and_grow_in_time(
    tmp_path: Path, clip: Any
) -> None:
    with RtspServer.of(clip) as server, running(tmp_path) as node:
        node.assign(Assignment("c1", "main", server.url(1)))
        wait_until(node.is_live)
        watching = Watching(node.socket)
        watching.send(op="watch", channel=1, camera="c1", role="main")
        init = unpack_init(watching.next(Kind.INIT)[2])
        frames = [unpack_frame(watching.next(Kind.FRAME)[2]) for _ in range(40)]
        late_ms = WALL() * 1000 - frames[-1].wall_ms
        watching.close()

    assert (320, 180) == (init.width, init.height)
    assert frames[0].is_key
    stamps = [frame.dts_90k for frame in frames]
    assert stamps == sorted(set(stamps))
    assert -100 < late_ms < 5000
    for frame in frames:
        position = 0
        while position < len(frame.unit):
            position += 4 + int.from_bytes(frame.unit[position : position + 4])
        assert position == len(frame.unit)


def test_two_watchers_share_one_session(tmp_path: Path, clip: Any) -> None:
    with RtspServer.of(clip) as server, running(tmp_path) as node:
        node.assign(Assignment("c1", "main", server.url(1)))
        wait_until(node.is_live)
        first, second = Watching(node.socket), Watching(node.socket)
        for watching in (first, second):
            watching.send(op="watch", channel=1, camera="c1", role="main")
            watching.next(Kind.FRAME)
        first.send(op="status")

        status = json.loads(first.next(Kind.STATUS)[2])

        assert status["runs"] == 1
        assert status["watchers"] == 2
        first.close()
        wait_until(lambda: len(node.stream().watches) == 1)
        second.close()


def test_a_sub_stream_is_taken_in_only_while_it_is_watched(tmp_path: Path, clip: Any) -> None:
    camera = Camera(number=1, main=clip, sub=make_clip(width=160, height=90, fps=8))
    with RtspServer([camera]) as server, running(tmp_path, sub_linger_s=0.3) as node:
        node.assign(
            Assignment("c1", "main", server.url(1)),
            Assignment("c1", "sub", server.url(1, "sub"), is_recorded=False),
        )
        wait_until(node.is_live)
        assert node.stream("c1", "sub").session is None
        watching = Watching(node.socket)
        watching.send(op="watch", channel=2, camera="c1", role="sub")

        init = unpack_init(watching.next(Kind.INIT)[2])
        watching.next(Kind.FRAME)

        assert init.width == 160
        watching.send(op="unwatch", channel=2)
        wait_until(lambda: node.stream("c1", "sub").session is None)
        watching.close()

    assert node.segments("c1", "sub") == []


def test_a_watcher_that_does_not_read_is_dropped_to_live_and_ingest_goes_on(
    tmp_path: Path,
) -> None:
    clip = make_clip(width=640, height=360, fps=15, gop=15, frames=30, bitrate=8_000_000)
    with RtspServer.of(clip) as server, running(tmp_path) as node:
        node.assign(Assignment("c1", "main", server.url(1)))
        wait_until(node.is_live)
        watching = Watching(node.socket)
        watching.send(op="watch", channel=1, camera="c1", role="main")
        wait_until(lambda: len(node.stream().watches) == 1)
        client = next(iter(node.engine.fanout.clients))
        client.limit = 200_000
        before = node.stream().assembler.seen[0]
        wait_until(lambda: next(iter(node.stream().watches)).is_skipping, 30)
        wait_until(lambda: node.stream().assembler.seen[0] > before + 15)
        queued = client.queued

        frames = []
        jumps = 0
        while not jumps or (len(frames) < 200 and not frames[-1].is_key):
            kind, _, payload = watching.next()
            if kind == Kind.STATE and json.loads(payload).get("jump"):
                jumps += 1
                kind, _, payload = watching.next()
                assert unpack_frame(payload).is_key
            if kind == Kind.FRAME:
                frames.append(unpack_frame(payload))
        watching.close()

    assert queued < 200_000 + (1 << 20)
    assert jumps == 1


def test_sound_is_handed_on_beside_the_picture(tmp_path: Path, clip: Any) -> None:
    cameras = [
        Camera(number=1, main=clip, audio=make_track("aac")),
        Camera(number=2, main=clip, audio=make_track("pcma")),
    ]
    with RtspServer(cameras) as server, running(tmp_path) as node:
        node.assign(*(Assignment(f"c{n}", "main", server.url(n)) for n in (1, 2)))
        wait_until(lambda: node.is_live("c1", "c2"))
        watching = Watching(node.socket)
        watching.send(op="watch", channel=1, camera="c1", role="main")
        watching.send(op="watch", channel=2, camera="c2", role="main")
        inits = {}
        audio = set()
        for _ in range(150):
            kind, channel, payload = watching.next()
            if kind == Kind.INIT:
                inits[channel] = unpack_init(payload)
            elif kind == Kind.FRAME and unpack_frame(payload).is_audio:
                audio.add(channel)
        watching.close()

    assert inits[1].audio == "mp4a.40.2"
    assert inits[2].audio == "alaw"
    assert {1, 2} == audio


@pytest.mark.parametrize(
    "command",
    [
        b"rubbish\n",
        b'{"op":"watch","channel":"x"}\n',
        b'{"op":"fly","channel":1}\n',
        b"[]\n",
        b'{"op":"watch","channel":-4,"camera":"c1"}\n',
        b'{"op":"watch","channel":1,"camera":"nobody"}\n',
    ],
)
def test_a_command_that_makes_no_sense_is_answered_with_an_error(
    tmp_path: Path, command: bytes
) -> None:
    with running(tmp_path) as node:
        watching = Watching(node.socket)
        watching.stream.sendall(command)

        kind, _, payload = watching.next()
        watching.close()

    assert kind == Kind.ERROR
    assert json.loads(payload)["code"].startswith("recording.")


def test_a_flood_of_half_a_command_ends_the_connection(tmp_path: Path) -> None:
    with running(tmp_path) as node:
        watching = Watching(node.socket)
        with contextlib.suppress(BrokenPipeError, ConnectionResetError):
            for _ in range(100):
                watching.stream.sendall(b"x" * 65_536)
        wait_until(lambda: not node.engine.fanout.clients)
        watching.close()


def test_the_socket_is_for_its_owner_alone(tmp_path: Path) -> None:
    with running(tmp_path) as node:
        mode = stat.S_IMODE(node.socket.stat().st_mode)

    assert mode == 0o600
    assert not node.socket.exists()
