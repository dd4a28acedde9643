"""What a camera answers to each RTSP request (RFC 2326 section 10)."""

import itertools
import re
import secrets
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Protocol
from urllib.parse import urlsplit

from simcity.rtsp.faults import Fault
from simcity.rtsp.login import Login
from simcity.rtsp.sdp import describe
from simcity.rtsp.stream import Role, Stream
from simcity.rtsp.viewer import Datagrams, Interleaved, Request, Transport, Viewer

_PATH = re.compile(r"^/(?:cam|hevc)/?(\d{1,6})(?:/(main|sub))?(?:/trackID=([01]))?/?$")
_METHODS = "OPTIONS, DESCRIBE, SETUP, PLAY, PAUSE, GET_PARAMETER, SET_PARAMETER, TEARDOWN"
_REASONS = {
    200: "OK",
    302: "Found",
    400: "Bad Request",
    401: "Unauthorized",
    404: "Not Found",
    454: "Session Not Found",
    455: "Method Not Valid in This State",
    461: "Unsupported Transport",
    501: "Not Implemented",
    503: "Service Unavailable",
}
_NOBODY = Login("", secrets.token_hex(16))  # opens to no password
GIANT_HEADER_BYTES = 64_000_000


@dataclass(frozen=True, slots=True)
class Place:
    """What a URL points at."""

    number: int
    role: Role
    track: int | None


def place_of(url: str) -> Place | None:
    """Return what `rtsp://host/cam/12/main[/trackID=0]` or `/cam12` points at, or None."""
    found = _PATH.match(urlsplit(url).path)
    if found is None:
        return None
    role: Role = "sub" if found[2] == "sub" else "main"
    return Place(int(found[1]), role, int(found[3]) if found[3] else None)


class Host(Protocol):
    """What answering needs of the server."""

    def stream_at(self, place: Place) -> Stream | None:
        """Return the stream, or None when there is none."""

    def fault_of(self, number: int) -> Fault | None:
        """Return what the camera was told to do wrong."""

    def login_of(self, number: int) -> Login | None:
        """Return name and password of the camera."""

    def server_ports(self) -> tuple[int, int] | None:
        """Return the UDP ports for RTP and RTCP, or None without UDP."""

    def play(self, viewer: Viewer, stream: Stream) -> tuple[int, int]:
        """Begin to send; return sequence number and timestamp of the first picture."""

    def pause(self, viewer: Viewer) -> None:
        """Stop sending."""

    def session_timeout_s(self) -> int:
        """Return after how many silent seconds a session ends."""


def answer(host: Host, viewer: Viewer, request: Request) -> None:
    """Answer one request and change the state of the connection accordingly."""
    place = place_of(request.url)
    fault = host.fault_of(place.number) if place else None
    if fault is not None and fault.kind == "offline":
        viewer.dead = True
        return
    if fault is not None and fault.kind == "slow":
        viewer.rate_bytes_s = fault.value
    if request.method == "OPTIONS":
        _say(viewer, request, 200, [f"Public: {_METHODS}", *_session_line(host, viewer)])
        return
    if place is None:
        _say(viewer, request, 404)
        return
    if not _admitted(host, viewer, request, place, fault):
        return
    method = _ANSWERS.get(request.method)
    if method is None:
        _say(viewer, request, 501, [f"Public: {_METHODS}"])
        return
    method(host, viewer, request, place)


def _say(
    viewer: Viewer, request: Request, status: int, lines: list[str] | None = None, body: str = ""
) -> None:
    head = [
        f"RTSP/1.0 {status} {_REASONS[status]}",
        f"CSeq: {request.headers.get('cseq', '0')}",
        *(lines or []),
    ]
    if body:
        head.append(f"Content-Length: {len(body)}")
    viewer.say(("\r\n".join(head) + "\r\n\r\n" + body).encode())


def _session_line(host: Host, viewer: Viewer) -> list[str]:
    if not viewer.session:
        return []
    return [f"Session: {viewer.session};timeout={host.session_timeout_s()}"]


def _admitted(
    host: Host, viewer: Viewer, request: Request, place: Place, fault: Fault | None
) -> bool:
    login = host.login_of(place.number)
    if fault is not None and fault.kind == "auth":
        schemes = login.schemes if login else _NOBODY.schemes
        login = Login(_NOBODY.username, _NOBODY.password, schemes)
    if login is None:
        return True
    proof = request.headers.get("authorization")
    if viewer.door.admits(login, request.method, request.url, proof):
        return True
    challenges = viewer.door.challenges(login)
    _say(viewer, request, 401, [f"WWW-Authenticate: {challenge}" for challenge in challenges])
    return False


def _describe(host: Host, viewer: Viewer, request: Request, place: Place) -> None:
    fault = host.fault_of(place.number)
    kind = fault.kind if fault else ""
    stream = host.stream_at(place)
    if stream is None:
        _say(viewer, request, 404)
    elif fault is not None and kind == "redirect":
        _say(viewer, request, 302, [f"Location: {fault.where}"])
    elif kind == "giant_header":
        viewer.pour(_giant_header(request))
    else:
        title = f"camera {place.number}"
        body = describe(None if kind == "not_video" else stream.clip, stream.audio, title)
        base = request.url.rstrip("/")
        lines = [f"Content-Base: {base}/", "Content-Type: application/sdp"]
        _say(viewer, request, 200, lines, body)


def _giant_header(request: Request) -> Iterator[bytes]:
    yield f"RTSP/1.0 200 OK\r\nCSeq: {request.headers.get('cseq', '0')}\r\nX-Note: ".encode()
    yield from itertools.repeat(b"a" * 65_536, GIANT_HEADER_BYTES // 65_536)


def _setup(host: Host, viewer: Viewer, request: Request, place: Place) -> None:
    stream = host.stream_at(place)
    track = place.track or 0
    if stream is None or (track == 1 and stream.audio is None):
        _say(viewer, request, 404)
        return
    if viewer.playing or (viewer.stream is not None and viewer.stream is not stream):
        _say(viewer, request, 455)
        return
    ports = host.server_ports()
    chosen = _choose(request.headers.get("transport", ""), track, viewer, udp=ports is not None)
    if chosen is None:
        _say(viewer, request, 461)
        return
    viewer.session = viewer.session or secrets.token_hex(8)
    viewer.stream = stream
    if track == 0:
        viewer.video = chosen
    else:
        viewer.audio = chosen
    ssrc = f"ssrc={stream.ssrc + track:08X}"
    if isinstance(chosen, Interleaved):
        spec = f"RTP/AVP/TCP;unicast;interleaved={chosen.channel}-{chosen.channel + 1};{ssrc}"
    else:
        low, high = ports or (0, 0)
        spec = (
            f"RTP/AVP;unicast;client_port={chosen.rtp[1]}-{chosen.rtcp[1]};"
            f"server_port={low}-{high};{ssrc}"
        )
    _say(viewer, request, 200, [f"Transport: {spec}", *_session_line(host, viewer)])


def _choose(header: str, track: int, viewer: Viewer, *, udp: bool) -> Transport | None:
    """Return the first transport of the client's list that is offered here."""
    for option in header.split(","):
        parts = [part.strip() for part in option.split(";")]
        given = dict(part.split("=", 1) for part in parts if "=" in part)
        if "multicast" in parts:
            continue
        if parts[0].upper() == "RTP/AVP/TCP":
            first, _ = _pair(given.get("interleaved", f"{2 * track}-{2 * track + 1}"))
            return Interleaved(min(first, 254))
        if parts[0].upper() in {"RTP/AVP", "RTP/AVP/UDP"} and udp and "client_port" in given:
            first, second = _pair(given["client_port"])
            if not (0 < first < 65_536 and 0 < second < 65_536):
                continue
            return Datagrams((viewer.peer, first), (viewer.peer, second))
    return None


def _pair(text: str) -> tuple[int, int]:
    first, _, second = text.partition("-")
    low = int(first) if first.isdecimal() else 0
    return low, int(second) if second.isdecimal() else low + 1


def _play(host: Host, viewer: Viewer, request: Request, _place: Place) -> None:
    if viewer.stream is None:
        _say(viewer, request, 455)
        return
    if not _knows_session(viewer, request):
        return
    sequence, timestamp = host.play(viewer, viewer.stream)
    base = request.url.rstrip("/")
    info = f"RTP-Info: url={base}/trackID=0;seq={sequence};rtptime={timestamp}"
    _say(viewer, request, 200, ["Range: npt=0.000-", info, *_session_line(host, viewer)])
    viewer.playing = True


def _knows_session(viewer: Viewer, request: Request) -> bool:
    named = request.headers.get("session", "").partition(";")[0].strip()
    if viewer.session and named == viewer.session:
        return True
    _say(viewer, request, 454)
    return False


def _pause(host: Host, viewer: Viewer, request: Request, _place: Place) -> None:
    if _knows_session(viewer, request):
        host.pause(viewer)
        _say(viewer, request, 200, _session_line(host, viewer))


def _parameter(host: Host, viewer: Viewer, request: Request, _place: Place) -> None:
    if "session" not in request.headers or _knows_session(viewer, request):
        _say(viewer, request, 200, _session_line(host, viewer))


def _teardown(host: Host, viewer: Viewer, request: Request, _place: Place) -> None:
    if _knows_session(viewer, request):
        host.pause(viewer)
        _say(viewer, request, 200)
        viewer.session, viewer.stream, viewer.video, viewer.audio = "", None, None, None


_ANSWERS: dict[str, Callable[[Host, Viewer, Request, Place], None]] = {
    "DESCRIBE": _describe,
    "SETUP": _setup,
    "PLAY": _play,
    "PAUSE": _pause,
    "GET_PARAMETER": _parameter,
    "SET_PARAMETER": _parameter,
    "TEARDOWN": _teardown,
}
