"""Offers and answers about sound (SDP RFC 8866, offer and answer RFC 3264, keys RFC 4733).

Only what a call needs is read: the first `m=audio` of RTP/AVP with G.711, or with Opus where
nothing else is offered (RFC 7587). All other media of an offer are refused in the answer by port 0,
as RFC 3264 asks. Reports go to the port after that of the sound, unless the offer says otherwise
(RFC 3605, RFC 5761).
"""

import ipaddress
import re
from dataclasses import dataclass
from typing import Literal

from warroom.calls.contracts import FRAME_MS, RtpPeer

PCMU, PCMA = 0, 8
EVENTS_USUAL = 101
_NAMES = {PCMU: "PCMU", PCMA: "PCMA"}
_LINES_MOST = 400

type Direction = Literal["sendrecv", "sendonly", "recvonly", "inactive"]

_DIRECTIONS: dict[str, Direction] = {
    "sendrecv": "sendrecv",
    "sendonly": "sendonly",
    "recvonly": "recvonly",
    "inactive": "inactive",
}
_BACK: dict[Direction, Direction] = {
    "sendrecv": "sendrecv",
    "sendonly": "recvonly",
    "recvonly": "sendonly",
    "inactive": "inactive",
}
_MEDIA = re.compile(r"(\S+) (\d{1,5})(?:/\d+)? (\S+)((?: \S+)*)")
_MAP = re.compile(r"rtpmap:(\d{1,3}) ([A-Za-z0-9\-]+)/(\d+)(?:/\d+)?", re.IGNORECASE)
_REPORTS = re.compile(r"a=rtcp:(\d{1,5})(?: .*)?")
_NAME = re.compile(r"(?=.*[A-Za-z])[A-Za-z0-9](?:[A-Za-z0-9.\-]{0,252}[A-Za-z0-9])?")
_OPUS = "OPUS/48000"


class NoCommonSoundError(ValueError):
    """The description offers no sound that we speak (answered 488)."""


@dataclass(frozen=True, slots=True)
class Description:
    """The sound of one side.

    Attributes:
        direction: As that side says it.
        index: Which of its media it is.
        media: All its `m=` lines, for the answer.
        is_opus: Whether the payload type means Opus.
        rtcp_port: Where it wants reports; its own port if both share it; None says nothing of it.
    """

    host: str
    port: int
    payload_type: int
    event_type: int | None
    direction: Direction
    index: int
    media: tuple[str, ...]
    is_opus: bool = False
    rtcp_port: int | None = None

    @property
    def is_hold(self) -> bool:
        """Whether that side does not want to hear us (8.4; the old way is address 0.0.0.0)."""
        return self.direction in ("sendonly", "inactive") or self.host == "0.0.0.0"  # noqa: S104

    def peer(self, networks: tuple[str, ...] = ()) -> RtpPeer:
        """Where to send sound to, and what is to be expected.

        Args:
            networks: The trunk's own, from where it may come as well.
        """
        return RtpPeer(
            self.host,
            self.port,
            self.payload_type,
            self.event_type,
            sends=self.direction in ("sendrecv", "sendonly"),
            receives=not self.is_hold,
            is_opus=self.is_opus,
            rtcp_port=self.rtcp_port,
            networks=networks,
        )


def read(body: bytes, source: str = "") -> Description:
    """Reads an offer or an answer.

    Args:
        body: As it came.
        source: Address that it came from. Where the description has the name of a host in place of
            an address (RFC 8866, 5.7) sound goes there: nothing is looked up for a stranger.

    Raises:
        NoCommonSoundError: It has no G.711 or Opus over plain RTP, or cannot be read.
    """
    lines = body.decode("utf-8", "replace").replace("\r\n", "\n").split("\n")[:_LINES_MOST]
    begins = [number for number, line in enumerate(lines) if line.startswith("m=")]
    media = tuple(lines[number] for number in begins)
    for index, begin in enumerate(begins):
        end = begins[index + 1] if index + 1 < len(begins) else len(lines)
        found = _read_media(lines[begin:end], lines[: begins[0]], index, media, source)
        if found is not None:
            return found
    raise NoCommonSoundError


def _read_media(
    own: list[str], common: list[str], index: int, media: tuple[str, ...], source: str
) -> Description | None:
    match = _MEDIA.fullmatch(own[0][2:].strip())
    if match is None or match[1] != "audio" or match[3] != "RTP/AVP":
        return None
    port = int(match[2])
    if not 0 < port < 65_536:
        return None
    types = [int(word) for word in match[4].split() if word.isdecimal()]
    named = _maps(own)
    spoken, is_opus = _spoken(types, named)
    host = _host(own, source) or _host(common, source)
    if spoken is None or host is None:
        return None
    events = next((t for t in types if named.get(t) == "TELEPHONE-EVENT/8000"), None)
    direction = _direction(own) or _direction(common) or "sendrecv"
    reports = _reports(own, port)
    return Description(
        host, port, spoken, events, direction, index, media, is_opus=is_opus, rtcp_port=reports
    )


def _spoken(types: list[int], named: dict[int, str]) -> tuple[int | None, bool]:
    """The payload type to speak, and whether it is Opus: only where nothing else is offered."""
    for number in types:
        usual = f"{_NAMES.get(number)}/8000"
        if number in _NAMES and named.get(number, usual) == usual:
            return number, False
    return next((number for number in types if named.get(number) == _OPUS), None), True


def _reports(own: list[str], port: int) -> int | None:
    if any(line.strip() == "a=rtcp-mux" for line in own):
        return port
    found = next((match for line in own if (match := _REPORTS.fullmatch(line.strip()))), None)
    return int(found[1]) if found is not None and 0 < int(found[1]) < 65_536 else None


def _maps(lines: list[str]) -> dict[int, str]:
    found = {}
    for line in lines:
        match = _MAP.fullmatch(line[2:].strip()) if line.startswith("a=") else None
        if match is not None:
            found[int(match[1])] = f"{match[2].upper()}/{match[3]}"
    return found


def _host(lines: list[str], source: str) -> str | None:
    line = next((line for line in lines if line.startswith("c=")), "")
    words = line[2:].split()
    if len(words) < 3:
        return None
    try:
        return str(ipaddress.ip_address(words[2].partition("/")[0]))
    except ValueError:
        return source if source and _NAME.fullmatch(words[2]) else None


def _direction(lines: list[str]) -> Direction | None:
    found = (_DIRECTIONS.get(line[2:].strip()) for line in lines if line.startswith("a="))
    return next((direction for direction in found if direction), None)


def _sound(port: int, payload_type: int, events: int | None, direction: Direction) -> list[str]:
    types = [str(payload_type)] + ([str(events)] if events is not None else [])
    name = f"{_NAMES[payload_type]}/8000" if payload_type in _NAMES else "opus/48000/2"
    lines = [
        f"m=audio {port} RTP/AVP {' '.join(types)}",
        f"a=rtpmap:{payload_type} {name}",
    ]
    if events is not None:
        lines += [f"a=rtpmap:{events} telephone-event/8000", f"a=fmtp:{events} 0-15"]
    return [*lines, f"a=ptime:{FRAME_MS}", f"a={direction}"]


def _head(host: str, session: int, version: int) -> list[str]:
    family = "IP6" if ":" in host else "IP4"
    return [
        "v=0",
        f"o=warroom {session} {version} IN {family} {host}",
        "s=-",
        f"c=IN {family} {host}",
        "t=0 0",
    ]


def answer(offer: Description, host: str, port: int, session: int, version: int) -> bytes:
    """Our side of what was offered.

    Args:
        offer: What they said.
        host: Where we take sound.
        port: There.
        session: Number of this call's description, the same for all versions.
        version: Goes up by one with each change (RFC 3264, 8).
    """
    lines = _head(host, session, version)
    for index, media in enumerate(offer.media):
        if index == offer.index:
            back = _BACK[offer.direction]
            lines += _sound(port, offer.payload_type, offer.event_type, back)
            if offer.rtcp_port == offer.port:
                lines.append("a=rtcp-mux")
        else:
            words = media.split()
            lines.append(" ".join([words[0], "0", *words[2:]]))
    return "\r\n".join([*lines, ""]).encode()


def offer(host: str, port: int, session: int, version: int) -> bytes:
    """What we propose in a call of our own, or where an INVITE came without a description."""
    sound = _sound(port, PCMA, EVENTS_USUAL, "sendrecv")
    sound[0] = f"m=audio {port} RTP/AVP {PCMA} {PCMU} {EVENTS_USUAL}"
    sound.insert(2, f"a=rtpmap:{PCMU} PCMU/8000")
    return "\r\n".join([*_head(host, session, version), *sound, ""]).encode()
