import re
import shutil
import socket
import subprocess
import threading
import time
from collections.abc import Iterator

import pytest

from simcity import clock
from simcity.rtsp import bar
from simcity.rtsp.audio import make_track
from simcity.rtsp.clip import Clip
from simcity.rtsp.encode import decode
from simcity.rtsp.login import Login
from simcity.rtsp.nal import Codec, join_annexb
from simcity.rtsp.server import RtspServer
from simcity.rtsp.stream import Camera
from simcity.rtsp.testclip import make_clip
from tests.simcity.rtsp_client import Packet, RtspClient, authorization, units_of

LOGIN = Login("operator", "ra:hasia")
H265_CAMERA, BFRAMES_CAMERA, AAC_CAMERA, PCMA_CAMERA, PCMU_CAMERA, CLOSED_CAMERA = range(2, 8)


@pytest.fixture(scope="module")
def clip() -> Clip:
    return make_clip(fps=30, frames=30, gop=15)


@pytest.fixture(scope="module")
def server(clip: Clip) -> Iterator[RtspServer]:
    cameras = [
        Camera(number=1, main=clip, sub=make_clip(width=160, height=90, fps=30, frames=30)),
        Camera(number=H265_CAMERA, main=make_clip("h265", fps=30, frames=30, gop=15)),
        Camera(number=BFRAMES_CAMERA, main=make_clip(fps=30, frames=30, gop=15, bframes=2)),
        Camera(number=AAC_CAMERA, main=clip, audio=make_track("aac")),
        Camera(number=PCMA_CAMERA, main=clip, audio=make_track("pcma")),
        Camera(number=PCMU_CAMERA, main=clip, audio=make_track("pcmu")),
        Camera(number=CLOSED_CAMERA, main=clip, login=LOGIN),
    ]
    with RtspServer(cameras) as running:
        yield running


def test_pictures_arrive_whole_and_in_order(server: RtspServer, clip: Clip) -> None:
    with RtspClient(server.url(1)) as client:
        client.play()
        pictures = client.pictures(8)

    units = [tuple(units_of("h264", picture)) for picture in pictures]
    first = clip.units.index(units[0])
    assert units == [clip.units[(first + i) % 30] for i in range(8)]
    sequences = [packet.sequence for picture in pictures for packet in picture]
    assert sequences == [sequences[0] + i & 0xFFFF for i in range(len(sequences))]
    stamps = [picture[0].timestamp for picture in pictures]
    assert stamps == [stamps[0] + 3000 * i & 0xFFFFFFFF for i in range(8)]


def test_play_announces_the_first_packet(server: RtspServer) -> None:
    with RtspClient(server.url(1)) as client:
        client.ask("DESCRIBE")
        client.setup(0, 0)
        info = client.ask("PLAY").headers["rtp-info"]
        first = client.pictures(1)[0][0]

    assert f"seq={first.sequence};rtptime={first.timestamp}" in info


def test_short_path_is_the_main_stream(server: RtspServer) -> None:
    with RtspClient(f"rtsp://127.0.0.1:{server.port}/cam1") as client:
        description = client.play()

    assert "H264/90000" in description


def test_sub_stream_is_another_picture(server: RtspServer) -> None:
    with RtspClient(server.url(1)) as main, RtspClient(server.url(1, "sub")) as sub:
        assert main.ask("DESCRIBE").body != sub.ask("DESCRIBE").body


def test_bframes_have_timestamps_of_display(server: RtspServer) -> None:
    with RtspClient(server.url(BFRAMES_CAMERA)) as client:
        client.play()
        stamps = [picture[0].timestamp for picture in client.pictures(20)]

    assert sorted(stamps) != stamps
    assert len(set(stamps)) == 20


def test_sound_goes_on_its_own_channel(server: RtspServer) -> None:
    with RtspClient(server.url(PCMU_CAMERA)) as client:
        client.play(audio=True)
        sound = [packet for packet in (client.packet() for _ in range(40)) if packet.channel == 2]

    assert {320} == {len(packet.payload) for packet in sound}
    assert 320 == sound[1].timestamp - sound[0].timestamp
    assert 1 == sound[1].sequence - sound[0].sequence


def test_channels_are_those_the_client_chose(server: RtspServer) -> None:
    with RtspClient(server.url(1)) as client:
        client.play(channel=6)
        channels = {client.packet().channel for _ in range(20)}

    assert {6, 7} == channels


def test_datagrams_carry_the_same_pictures(server: RtspServer, clip: Clip) -> None:
    with RtspClient(server.url(1)) as client, socket.socket(type=socket.SOCK_DGRAM) as udp:
        udp.bind(("127.0.0.1", 0))
        udp.settimeout(5)
        port = udp.getsockname()[1]
        client.ask("DESCRIBE")
        transport = f"RTP/AVP;unicast;client_port={port}-{port + 1}"
        granted = client.ask("SETUP", f"{client.url}/trackID=0", Transport=transport)
        client.ask("PLAY")
        sizes = {len(udp.recv(2048)) for _ in range(30)}

    assert re.search(r"server_port=\d+-\d+", granted.headers["transport"])
    assert sizes <= {end - start for frame in clip.wire for start, end in frame.spans}


def test_first_transport_that_is_offered_is_taken(server: RtspServer) -> None:
    with RtspClient(server.url(1)) as client:
        wanted = "RTP/AVP;multicast;client_port=1-2,RTP/AVP/TCP;unicast;interleaved=4-5"
        granted = client.ask("SETUP", f"{client.url}/trackID=0", Transport=wanted)
        refused = client.ask("SETUP", f"{client.url}/trackID=0", Transport="RAW/RAW/UDP")

    assert "interleaved=4-5" in granted.headers["transport"]
    assert 461 == refused.status


@pytest.mark.parametrize("ports", ["0-1", "99999-100000", "x-y", "65535-65536"])
def test_impossible_ports_are_refused(server: RtspServer, ports: str) -> None:
    with RtspClient(server.url(1)) as client:
        wanted = f"RTP/AVP;unicast;client_port={ports}"
        assert 461 == client.ask("SETUP", f"{client.url}/trackID=0", Transport=wanted).status


def test_sender_report_tells_the_true_time(server: RtspServer) -> None:
    with RtspClient(server.url(1)) as client:
        client.play()
        at, stamp = client.report()
        [picture] = client.pictures(1)

    assert abs(at - clock.wall_s()) < 5
    assert picture[0].timestamp == stamp


@pytest.mark.parametrize(
    ("method", "status"),
    [("PLAY", 455), ("TEARDOWN", 454), ("PAUSE", 454), ("RECORD", 501), ("OPTIONS", 200)],
)
def test_methods_out_of_turn_are_refused(server: RtspServer, method: str, status: int) -> None:
    with RtspClient(server.url(1)) as client:
        assert status == client.ask(method).status


@pytest.mark.parametrize("path", ["/cam/999/main", "/cam/2/sub", "/", "/etc/passwd", "/cam/x/main"])
def test_unknown_places_are_not_found(server: RtspServer, path: str) -> None:
    with RtspClient(f"rtsp://127.0.0.1:{server.port}{path}") as client:
        assert 404 == client.ask("DESCRIBE").status


def test_foreign_session_is_refused(server: RtspServer) -> None:
    with RtspClient(server.url(1)) as client:
        client.play()
        client.session = "somebody-else"
        assert 454 == client.ask("GET_PARAMETER").status


def test_pause_stops_and_play_goes_on(server: RtspServer) -> None:
    with RtspClient(server.url(1)) as client:
        client.play()
        client.pictures(1)
        client.ask("PAUSE")
        assert 200 == client.ask("GET_PARAMETER").status
        assert 200 == client.ask("PLAY").status
        assert 2 == len(client.pictures(2))


def test_teardown_ends_the_session(server: RtspServer) -> None:
    with RtspClient(server.url(1)) as client:
        client.play()
        assert 200 == client.ask("TEARDOWN").status
        assert 454 == client.ask("GET_PARAMETER").status


@pytest.mark.parametrize("rubbish", [b"GET / HTTP/1.1\r\n\r\n", b"\x00\xff\r\n\r\n", b"a" * 70_000])
def test_rubbish_closes_only_its_own_connection(server: RtspServer, rubbish: bytes) -> None:
    with RtspClient(server.url(1)) as watching, RtspClient(server.url(1)) as hostile:
        watching.play()
        hostile.sock.sendall(rubbish)
        assert hostile.is_closed()
        assert 5 == len(watching.pictures(5))


def test_viewer_that_does_not_read_loses_pictures_but_no_one_else_does(clip: Clip) -> None:
    big = make_clip(width=1280, height=720, fps=30, frames=30, bitrate=20_000_000, gop=15)
    with RtspServer.of(big) as server, RtspClient(server.url(1)) as slow:
        slow.sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        slow.play()
        until = time.monotonic() + 20
        while server.state()["cameras"][0]["dropped"] == 0 and time.monotonic() < until:
            time.sleep(0.2)
        dropped = server.state()["cameras"][0]["dropped"]
        with RtspClient(server.url(1)) as other:
            other.play()
            assert 3 == len(other.pictures(3))

    assert dropped > 0


def test_silent_session_ends_and_a_kept_one_goes_on(clip: Clip) -> None:
    with (
        RtspServer.of(clip, session_timeout_s=1) as server,
        RtspClient(server.url(1)) as silent,
        RtspClient(server.url(1)) as kept,
    ):
        silent.play()
        kept.play()
        for _ in range(8):
            time.sleep(0.3)
            assert 200 == kept.ask("GET_PARAMETER").status
        assert silent.is_closed()
        assert 2 == len(kept.pictures(2))


def test_password_is_asked_for_each_request(server: RtspServer) -> None:
    url = server.url(CLOSED_CAMERA)
    with RtspClient(url) as client:
        refused = client.ask("DESCRIBE")
        challenge = refused.headers["www-authenticate"]
        proof = authorization(LOGIN, "DESCRIBE", url, challenge)
        granted = client.ask("DESCRIBE", Authorization=proof)
        unproven = client.setup(0, 0)

    assert [401, 200, 401] == [refused.status, granted.status, unproven.status]


def test_neighbours_send_at_other_moments(clip: Clip) -> None:
    with RtspServer.of(clip, cameras=15) as server:
        rows = server.state()["cameras"]

    assert 15 == len({row["phase"] for row in rows})
    assert 10 < len({row["offset"] for row in rows})


def test_frame_number_in_the_picture_tells_when_it_was_sent(clip: Clip) -> None:
    with RtspServer.of(clip) as server, RtspClient(server.url(1)) as client:
        client.play()
        reported, stamp = client.report()
        packets = next(p for p in (client.pictures(1)[0] for _ in range(40)) if is_key(p))
        arrived = clock.wall_s()
        state = server.state()

    row = state["cameras"][0]
    number = bar.read(decode(clip, join_annexb(units_of("h264", packets)))[0])
    k = int((arrived - state["t0"]) * 30 - row["phase"])
    while (k + row["offset"]) % row["frames"] != number:
        k -= 1
    sent = state["t0"] + (k + row["phase"]) / 30
    by_the_cameras_clock = reported + (packets[0].timestamp - stamp) / 90_000
    assert by_the_cameras_clock == pytest.approx(sent, abs=0.005)


def is_key(picture: list[Packet]) -> bool:
    return any(unit[0] & 31 == 5 for unit in units_of("h264", picture))


def test_new_clip_is_taken_over_by_running_sessions(clip: Clip) -> None:
    other = make_clip(fps=30, frames=30, gop=15, bar=False)
    with RtspServer.of(clip) as server, RtspClient(server.url(1)) as client:
        client.play()
        before = client.pictures(2)
        server.add(Camera(number=1, main=other))
        after = client.pictures(20)
        row = server.state()["cameras"][0]

    units = [tuple(units_of("h264", picture)) for picture in after]
    assert units[-1] in other.units
    changed = next(i for i, unit in enumerate(units) if unit in other.units)
    assert other.keys[other.units.index(units[changed])]
    assert row["offset"] == int(0.6180339887 * 30)
    assert 3000 == after[0][0].timestamp - before[-1][0].timestamp


def test_server_comes_back_on_the_same_port(clip: Clip) -> None:
    with RtspServer.of(clip) as first, RtspClient(first.url(1)) as client:
        client.play()
        port = first.port
        first.stop()
        assert client.is_closed()
    with RtspServer.of(clip, port=port) as second, RtspClient(second.url(1)) as client:
        client.play()
        assert 1 == len(client.pictures(1))


def test_server_that_never_ran_closes_its_sockets(clip: Clip) -> None:
    server = RtspServer.of(clip)
    server.stop()

    with pytest.raises(OSError, match="refused"):
        RtspClient(server.url(1))
    assert threading.active_count() >= 1


needs_ffmpeg = pytest.mark.skipif(
    shutil.which("ffmpeg") is None or shutil.which("ffprobe") is None, reason="no ffmpeg here"
)


def ffprobe(url: str, transport: str) -> list[dict[str, str]]:
    command = ["ffprobe", "-v", "error", "-rtsp_transport", transport, "-show_streams"]
    done = subprocess.run(
        [*command, "-of", "compact=p=0", url],
        check=False,
        capture_output=True,
        text=True,
        timeout=60,
    )
    lines = done.stdout.strip().splitlines()
    return [dict(part.split("=", 1) for part in line.split("|") if "=" in part) for line in lines]


@needs_ffmpeg
@pytest.mark.parametrize("transport", ["tcp", "udp"])
@pytest.mark.parametrize(
    ("camera", "codecs"),
    [
        (1, ["h264"]),
        (H265_CAMERA, ["hevc"]),
        (AAC_CAMERA, ["h264", "aac"]),
        (PCMA_CAMERA, ["h264", "pcm_alaw"]),
        (PCMU_CAMERA, ["h264", "pcm_mulaw"]),
    ],
)
def test_ffprobe_knows_the_streams(
    server: RtspServer, transport: str, camera: int, codecs: list[str]
) -> None:
    streams = ffprobe(server.url(camera), transport)

    assert codecs == [stream["codec_name"] for stream in streams]
    assert "320" == streams[0]["width"]


@needs_ffmpeg
@pytest.mark.parametrize("transport", ["tcp", "udp"])
@pytest.mark.parametrize("camera", [1, H265_CAMERA, BFRAMES_CAMERA, AAC_CAMERA, CLOSED_CAMERA])
def test_ffmpeg_decodes_without_a_complaint(
    server: RtspServer, transport: str, camera: int
) -> None:
    url = server.url(camera).replace("//", "//operator:ra%3Ahasia@")
    command = ["ffmpeg", "-v", "error", "-rtsp_transport", transport, "-i", url, "-t", "1.5"]
    done = subprocess.run(
        [*command, "-f", "null", "-"], check=False, capture_output=True, text=True, timeout=60
    )

    assert 0 == done.returncode
    # a viewer that comes in between key frames misses references until the next one
    unexpected = [
        line
        for line in done.stderr.splitlines()
        if not re.search(r"reference|concealing|POC|decode_slice|no frame|co located|mmco", line)
    ]
    assert [] == unexpected


@needs_ffmpeg
def test_codec_of_a_description_is_the_codec_of_the_clip() -> None:
    codecs: list[Codec] = ["h264", "h265"]
    for codec in codecs:
        with RtspServer.of(make_clip(codec, frames=15, fps=30, gop=15)) as server:
            [stream] = ffprobe(server.url(1), "tcp")
        assert {"h264": "h264", "h265": "hevc"}[codec] == stream["codec_name"]
