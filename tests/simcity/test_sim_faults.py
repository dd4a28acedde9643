import itertools
import json
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from typing import Any

import pytest

from simcity import clock
from simcity.rtsp import faults
from simcity.rtsp.clip import Clip
from simcity.rtsp.control import ControlDoor
from simcity.rtsp.encode import decode
from simcity.rtsp.login import Login
from simcity.rtsp.nal import join_annexb
from simcity.rtsp.server import RtspServer
from simcity.rtsp.stream import Camera
from simcity.rtsp.testclip import make_clip
from tests.simcity.rtsp_client import Packet, RtspClient, authorization, units_of

LOGIN = Login("operator", "rahasia")


@pytest.fixture(scope="module")
def clip() -> Clip:
    return make_clip(fps=30, frames=30, gop=15)


@pytest.fixture
def server(clip: Clip) -> Iterator[RtspServer]:
    cameras = [Camera(number=n, main=clip) for n in (1, 2)]
    with RtspServer([*cameras, Camera(number=3, main=clip, login=LOGIN)]) as running:
        yield running


@pytest.fixture
def client(server: RtspServer) -> Iterator[RtspClient]:
    with RtspClient(server.url(1)) as connected:
        yield connected


def still_works(server: RtspServer, camera: int = 2) -> bool:
    with RtspClient(server.url(camera)) as other:
        other.play()
        return len(other.pictures(2)) == 2


@pytest.mark.parametrize("kind", faults.KINDS)
def test_no_fault_touches_another_camera(server: RtspServer, kind: str) -> None:
    with RtspClient(server.url(2)) as other:
        other.play()
        server.fault(1, kind)
        assert 3 == len(other.pictures(3))


@pytest.mark.parametrize("kind", faults.KINDS)
def test_cleared_camera_works_again(server: RtspServer, kind: str) -> None:
    server.fault(1, kind)
    server.clear(1)

    assert still_works(server, 1)


def test_offline_camera_closes_and_answers_nothing(server: RtspServer, client: RtspClient) -> None:
    client.play()
    server.fault(1, "offline")
    assert client.is_closed()

    with RtspClient(server.url(1)) as again, pytest.raises(ConnectionError):
        again.ask("DESCRIBE")


def test_dying_camera_comes_back_at_once(server: RtspServer, client: RtspClient) -> None:
    client.play()
    server.fault(1, "die")

    assert client.is_closed()
    assert still_works(server, 1)


def test_slow_camera_drips(server: RtspServer, client: RtspClient) -> None:
    client.play()
    client.pictures(2)
    server.fault(1, "slow", 400)
    time.sleep(0.3)
    client.sock.settimeout(0.05)
    drain(client)
    begun, received = time.monotonic(), 0
    while time.monotonic() - begun < 1.5:
        received += drain(client)

    assert 0 < received < 1500


def drain(client: RtspClient) -> int:
    try:
        return len(client.sock.recv(1 << 20))
    except TimeoutError:
        return 0


def test_frozen_camera_goes_on_sending_one_picture(
    server: RtspServer, client: RtspClient, clip: Clip
) -> None:
    client.play()
    client.pictures(1)
    server.fault(1, "freeze")
    pictures = take_from_key_frame(client, 10)

    frames = [decode(clip, stream)[0] for stream in as_streams(pictures)]
    assert max(float(abs(frames[0].astype(int) - f).mean()) for f in frames) < 3
    stamps = [picture[0].timestamp for picture in pictures]
    assert len(set(stamps)) == 10


def test_dark_camera_shows_nothing(server: RtspServer, client: RtspClient, clip: Clip) -> None:
    client.play()
    server.fault(1, "dark")
    [picture] = take_from_key_frame(client, 1)

    assert decode(clip, join_annexb(units_of("h264", picture)))[0].mean() < 25


def take_from_key_frame(client: RtspClient, count: int) -> list[list[Packet]]:
    """Pictures after the second key frame from now: surely under the new fault."""
    keys = 0
    while True:
        [picture] = client.pictures(1)
        keys += any(unit[0] & 31 == 5 for unit in units_of("h264", picture))
        if keys == 2:
            return [picture, *client.pictures(count - 1)]


def as_streams(pictures: list[list[Packet]]) -> list[bytes]:
    """Each picture with all before it, so that it can be decoded; only the last is looked at."""
    units = [units_of("h264", picture) for picture in pictures]
    return [join_annexb(units[0])] + [join_annexb(units[0]) for _ in units[1:]]


@pytest.mark.parametrize(("seconds", "least"), [(3600.0, 3590.0), (-86_400.0, -86_410.0)])
def test_wrong_clock_is_reported_at_once(
    server: RtspServer, client: RtspClient, seconds: float, least: float
) -> None:
    client.play()
    client.report()
    server.fault(1, "wrong_clock", seconds)
    at, _ = client.report()

    assert least < at - clock.wall_s() < least + 20


def test_drifting_clock_runs_ahead_of_the_pictures(server: RtspServer, client: RtspClient) -> None:
    client.play()
    server.fault(1, "drift", 100_000)
    client.pictures(3)
    pictures = client.pictures(11)

    assert 3300 * 10 == pytest.approx(pictures[10][0].timestamp - pictures[0][0].timestamp, abs=2)


def test_size_changes_in_mid_stream(server: RtspServer, client: RtspClient, clip: Clip) -> None:
    client.play()
    before = client.pictures(1)[0]
    server.fault(1, "sps_change")
    pictures = take_from_key_frame(client, 1)

    picture = decode(clip, join_annexb(units_of("h264", pictures[0])))[0]
    assert (88, 160, 3) == picture.shape
    steps = (pictures[0][0].timestamp - before[0].timestamp) % 2**32
    assert steps % 3000 == 0


def test_garbage_keeps_its_framing(server: RtspServer, client: RtspClient) -> None:
    client.play()
    server.fault(1, "garbage")
    taken = [client.packet() for _ in range(120)]

    assert any(len(packet.raw) < 12 for packet in taken)
    assert any(packet.channel >= 8 for packet in taken)
    assert any(len(packet.raw) >= 12 and packet.raw[0] >> 6 == 1 for packet in taken)


def test_auth_fault_ends_sessions_and_refuses_the_right_password(server: RtspServer) -> None:
    url = server.url(3)
    server.fault(3, "auth")
    with RtspClient(url) as client:
        challenge = client.ask("DESCRIBE").headers["www-authenticate"]
        proof = authorization(LOGIN, "DESCRIBE", url, challenge)
        assert 401 == client.ask("DESCRIBE", Authorization=proof).status


def test_auth_fault_asks_where_no_password_was_needed(
    server: RtspServer, client: RtspClient
) -> None:
    client.play()
    server.fault(1, "auth")
    assert client.is_closed()

    with RtspClient(server.url(1)) as again:
        assert 401 == again.ask("DESCRIBE").status


def test_giant_header_goes_on_and_on(server: RtspServer, client: RtspClient) -> None:
    server.fault(1, "giant_header")
    client.sock.sendall(f"DESCRIBE {client.url} RTSP/1.0\r\nCSeq: 1\r\n\r\n".encode())
    received, ends = 0, False
    while received < 5_000_000:
        piece = client.sock.recv(1 << 20)
        received += len(piece)
        ends = ends or b"\r\n\r\n" in piece

    assert not ends
    assert still_works(server)


def test_endless_frame_has_no_marker_and_one_timestamp(
    server: RtspServer, client: RtspClient
) -> None:
    client.play()
    server.fault(1, "endless_frame")
    taken = [packet for packet in (client.packet() for _ in range(400)) if packet.channel == 0]
    late = taken[-200:]

    assert not any(packet.marker for packet in late)
    assert 1 == len({packet.timestamp for packet in late})
    assert {28} == {packet.payload[0] & 31 for packet in late}
    assert 0 == sum(packet.payload[1] & 0x40 for packet in late)


def test_redirect_points_at_a_forbidden_address(server: RtspServer, client: RtspClient) -> None:
    server.fault(1, "redirect")
    answer = client.ask("DESCRIBE")

    assert (302, faults.LINK_LOCAL) == (answer.status, answer.headers["location"])


def test_redirect_goes_where_it_is_told(server: RtspServer, client: RtspClient) -> None:
    server.fault(1, "redirect", where=server.url(2))

    assert server.url(2) == client.ask("DESCRIBE").headers["location"]


def test_camera_without_video_offers_metadata(server: RtspServer, client: RtspClient) -> None:
    server.fault(1, "not_video")
    body = client.ask("DESCRIBE").body

    assert "m=video" not in body
    assert "m=application" in body


def test_lost_packets_leave_holes_in_the_numbers(server: RtspServer, client: RtspClient) -> None:
    client.play()
    server.fault(1, "loss", 0.3)
    taken = [p.sequence for p in (client.packet() for _ in range(200)) if p.channel == 0]
    steps = [(b - a) % 2**16 for a, b in itertools.pairwise(taken)]

    assert 20 < sum(step - 1 for step in steps[20:])


def test_duplicate_timestamps_come_in_pairs(server: RtspServer, client: RtspClient) -> None:
    client.play()
    server.fault(1, "duplicate_ts")
    stamps = [picture[0].timestamp for picture in client.pictures(40)][-20:]

    assert 10 <= len(set(stamps)) <= 11


def test_unknown_fault_or_camera_is_named(server: RtspServer) -> None:
    with pytest.raises(ValueError, match="unknown fault"):
        server.fault(1, "explode")
    with pytest.raises(KeyError):
        server.fault(99, "freeze")


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("12=offline", (12, faults.fault("offline"))),
        ("7=loss:0.2", (7, faults.fault("loss", 0.2))),
        ("7=wrong_clock:-60", (7, faults.fault("wrong_clock", -60))),
        ("1=redirect:rtsp://10.0.0.1/x", (1, faults.fault("redirect", where="rtsp://10.0.0.1/x"))),
    ],
)
def test_fault_of_the_command_line(text: str, expected: tuple[int, faults.Fault]) -> None:
    assert expected == faults.parse(text)


@pytest.mark.parametrize("text", ["", "12", "x=offline", "12=", "12=explode", "12=loss:many"])
def test_bad_fault_of_the_command_line_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r"is not|unknown|convert"):
        faults.parse(text)


def call(port: int, path: str, body: object = None) -> tuple[int, Any]:
    request = urllib.request.Request(
        f"http://127.0.0.1:{port}{path}",
        data=None if body is None else json.dumps(body).encode(),
    )
    try:
        with urllib.request.urlopen(request, timeout=10) as answer:
            return answer.status, json.load(answer)
    except urllib.error.HTTPError as refused:
        with refused:
            return refused.code, json.load(refused)


def test_control_door_tells_and_clears_faults(server: RtspServer) -> None:
    with ControlDoor(server) as door:
        told = call(door.port, "/faults", {"camera": 1, "fault": "freeze"})
        frozen = call(door.port, "/cameras")[1]["cameras"][0]
        call(door.port, "/faults", {"camera": 1, "fault": None})
        cleared = call(door.port, "/cameras")[1]["cameras"][0]

    assert (200, {"camera": 1, "fault": "freeze"}) == told
    assert ("freeze", None) == (frozen["fault"], cleared["fault"])
    assert "freeze" in frozen["clip"]
    assert "freeze" not in cleared["clip"]


@pytest.mark.parametrize(
    ("path", "body", "status"),
    [
        ("/faults", {"camera": 99, "fault": "freeze"}, 404),
        ("/faults", {"camera": 1, "fault": "explode"}, 400),
        ("/faults", {"camera": "x", "fault": "freeze"}, 400),
        ("/faults", {"fault": "freeze"}, 404),
        ("/faults", ["freeze"], 400),
        ("/elsewhere", {}, 404),
        ("/elsewhere", None, 404),
    ],
)
def test_control_door_refuses_nonsense(
    server: RtspServer, path: str, body: object, status: int
) -> None:
    with ControlDoor(server) as door:
        assert status == call(door.port, path, body)[0]


def test_control_door_takes_no_orders_from_web_pages(server: RtspServer) -> None:
    with ControlDoor(server) as door:
        request = urllib.request.Request(
            f"http://127.0.0.1:{door.port}/faults",
            data=b'{"camera": 1, "fault": "die"}',
            headers={"Origin": "http://elsewhere.example"},
        )
        with pytest.raises(urllib.error.HTTPError) as refused:
            urllib.request.urlopen(request, timeout=10)
        refused.value.close()

    assert 403 == refused.value.code


def test_control_door_explains_the_faults(server: RtspServer) -> None:
    with ControlDoor(server) as door:
        assert (200, faults.KINDS) == call(door.port, "/faults")
