"""RTSP 1.0 as text (RFC 2326): reading messages, answering challenges, joining URLs. No sockets.

Limits are part of the reading: a camera that sends a header of a megabyte is refused after 16 KiB.
"""

import base64
import hashlib
import re
from dataclasses import dataclass, field
from urllib.parse import urlsplit

from warroom.recording.errors import Cause, StreamError

HEADER_LIMIT = 16 << 10
BODY_LIMIT = 64 << 10
_STATUS = re.compile(rb"RTSP/\d\.\d (\d{3})(?: |$)")
_REQUEST = re.compile(rb"([A-Z_]{3,20}) \S{1,2048} RTSP/\d\.\d$")
_CHALLENGE_PART = re.compile(r'(\w+)\s*=\s*(?:"((?:[^"\\]|\\.)*)"|([^\s,]+))')
_DIGESTS = {"MD5": "md5", "SHA-256": "sha256"}


@dataclass(frozen=True, slots=True)
class Message:
    """A response (`status` > 0) or a request of the camera (`method`).

    Attributes:
        headers: Names in lower case; several of one name as a list, in order.
    """

    status: int
    method: str
    headers: dict[str, list[str]] = field(repr=False)
    body: bytes = field(repr=False)

    def header(self, name: str) -> str:
        """The first header of that name, or an empty string."""
        return self.headers.get(name, [""])[0]

    @property
    def cseq(self) -> int:
        """Its sequence number; -1 when it has none."""
        text = self.header("cseq").strip()
        return int(text) if text.isascii() and text.isdigit() and len(text) < 10 else -1


def read_message(received: bytes, start: int) -> tuple[Message | None, int]:
    """Reads one message beginning at `start`.

    Returns:
        The message and the position after it; None and `start` while it is not complete.

    Raises:
        StreamError: It is too large, or not RTSP.
    """
    while received[start : start + 2] == b"\r\n":
        start += 2
    end = received.find(b"\r\n\r\n", start, start + HEADER_LIMIT)
    first_end = received.find(b"\r\n", start, start + HEADER_LIMIT)
    first = received[start : first_end if first_end >= 0 else start + HEADER_LIMIT]
    if not (first_end < 0 and len(first) < 12):
        _check_first_line(first, complete=first_end >= 0)
    if end < 0:
        if len(received) - start >= HEADER_LIMIT:
            raise StreamError(Cause.TOO_LARGE, "RTSP header")
        return None, start
    status, method = _read_first_line(first)
    headers = _read_headers(received[first_end + 2 : end])
    length_text = headers.get("content-length", ["0"])[0].strip()
    if not (length_text.isascii() and length_text.isdigit()) or len(length_text) > 9:
        raise StreamError(Cause.PROTOCOL, "Content-Length")
    length = int(length_text)
    if length > BODY_LIMIT:
        raise StreamError(Cause.TOO_LARGE, "RTSP body")
    begin = end + 4
    if len(received) - begin < length:
        return None, start
    return Message(status, method, headers, received[begin : begin + length]), begin + length


def _check_first_line(first: bytes, *, complete: bool) -> None:
    if complete:
        _read_first_line(first)
    elif not first.startswith(b"RTSP/") and not re.match(rb"[A-Z_]{3,20} ", first):
        raise StreamError(Cause.PROTOCOL, "not RTSP")


def _read_first_line(first: bytes) -> tuple[int, str]:
    found = _STATUS.match(first)
    if found:
        return int(found[1]), ""
    asked = _REQUEST.match(first)
    if asked:
        return 0, asked[1].decode()
    raise StreamError(Cause.PROTOCOL, "not RTSP")


def _read_headers(block: bytes) -> dict[str, list[str]]:
    headers: dict[str, list[str]] = {}
    for line in block.decode("latin-1").split("\r\n"):
        name, colon, value = line.partition(":")
        if colon:
            headers.setdefault(name.strip().lower(), []).append(value.strip())
    return headers


@dataclass(frozen=True, slots=True)
class Challenge:
    """What a camera asks for before it answers (RFC 7616, RFC 2617)."""

    scheme: str
    realm: str
    nonce: str = ""
    opaque: str = ""
    algorithm: str = "MD5"
    has_qop: bool = False
    is_stale: bool = False


def read_challenge(values: list[str]) -> Challenge:
    """The strongest challenge among `WWW-Authenticate` headers: SHA-256, MD5, Basic.

    Raises:
        StreamError: With `Cause.AUTH` when none can be answered.
    """
    best: tuple[int, Challenge] | None = None
    for value in values:
        scheme, _, rest = value.partition(" ")
        parts = {
            name.lower(): quoted or plain for name, quoted, plain in _CHALLENGE_PART.findall(rest)
        }
        found = _as_challenge(scheme.lower(), parts)
        if found is not None and (best is None or found[0] > best[0]):
            best = found
    if best is None:
        raise StreamError(Cause.AUTH, "no challenge that can be answered")
    return best[1]


def _as_challenge(scheme: str, parts: dict[str, str]) -> tuple[int, Challenge] | None:
    if scheme == "basic":
        return 0, Challenge("basic", parts.get("realm", ""))
    algorithm = parts.get("algorithm", "MD5").upper()
    if scheme != "digest" or algorithm not in _DIGESTS or not parts.get("nonce"):
        return None
    qop = [word.strip().lower() for word in parts.get("qop", "").split(",") if word.strip()]
    if qop and "auth" not in qop:
        return None
    challenge = Challenge(
        scheme="digest",
        realm=parts.get("realm", ""),
        nonce=parts["nonce"],
        opaque=parts.get("opaque", ""),
        algorithm=algorithm,
        has_qop=bool(qop),
        is_stale=parts.get("stale", "").lower() == "true",
    )
    return 1 if algorithm == "MD5" else 2, challenge


@dataclass(frozen=True, slots=True)
class Credentials:
    """A login at a camera."""

    username: str
    password: str = field(repr=False)


def authorization(
    challenge: Challenge, login: Credentials, method: str, uri: str, *, count: int, cnonce: str
) -> str:
    """The value of the `Authorization` header.

    Args:
        challenge: What was asked.
        login: Who we are.
        method: Of the request.
        uri: Of the request, exactly as in its first line.
        count: How often this nonce was used, from 1.
        cnonce: Our own nonce.
    """
    if challenge.scheme == "basic":
        raw = f"{login.username}:{login.password}".encode()
        return "Basic " + base64.b64encode(raw).decode()

    def digest(text: str) -> str:
        return hashlib.new(_DIGESTS[challenge.algorithm], text.encode()).hexdigest()

    secret = digest(f"{login.username}:{challenge.realm}:{login.password}")
    action = digest(f"{method}:{uri}")
    fields = [
        f'username="{_quoted(login.username)}"',
        f'realm="{_quoted(challenge.realm)}"',
        f'nonce="{challenge.nonce}"',
        f'uri="{uri}"',
    ]
    if challenge.has_qop:
        answer = digest(f"{secret}:{challenge.nonce}:{count:08x}:{cnonce}:auth:{action}")
        fields += ["qop=auth", f"nc={count:08x}", f'cnonce="{cnonce}"']
    else:
        answer = digest(f"{secret}:{challenge.nonce}:{action}")
    fields.append(f'response="{answer}"')
    if challenge.algorithm != "MD5":
        fields.append(f"algorithm={challenge.algorithm}")
    if challenge.opaque:
        fields.append(f'opaque="{challenge.opaque}"')
    return "Digest " + ", ".join(fields)


def _quoted(text: str) -> str:
    return text.replace("\\", "\\\\").replace('"', '\\"').replace("\r", "").replace("\n", "")


def join_control(base: str, control: str) -> str:
    """The URL of a track: `a=control` on top of `Content-Base` (RFC 2326, C.1.1).

    Cameras disagree with RFC 3986 here: the track is put behind the whole base, query included.
    Line breaks cannot get into a request.
    """
    control = re.sub(r"[\x00-\x20\x7f]", "", control)
    if control in ("", "*"):
        return base
    if control.lower().startswith("rtsp://"):
        return control
    if control.startswith("/"):
        parts = urlsplit(base)
        return f"{parts.scheme}://{parts.netloc}{control}"
    return base.rstrip("/") + "/" + control


@dataclass(frozen=True, slots=True)
class Transport:
    """What a camera answered to SETUP.

    Attributes:
        channels: Interleaved channels of RTP and RTCP; None for UDP.
        server_ports: Its UDP ports; None when it does not say, or for TCP.
        source: The address RTP comes from, when it says so.
        ssrc: None when it does not say.
    """

    channels: tuple[int, int] | None
    server_ports: tuple[int, int] | None
    source: str
    ssrc: int | None


def read_transport(value: str) -> Transport:
    """Reads the `Transport` header of an answer to SETUP."""
    fields = {}
    for part in value.split(",", maxsplit=1)[0].split(";"):
        name, _, text = part.strip().partition("=")
        fields[name.lower()] = text.strip().strip('"')
    ssrc_text = fields.get("ssrc", "")
    return Transport(
        channels=_pair(fields.get("interleaved", ""), 255),
        server_ports=_pair(fields.get("server_port", ""), 65535),
        source=fields.get("source", ""),
        ssrc=int(ssrc_text, 16) if re.fullmatch(r"[0-9A-Fa-f]{1,8}", ssrc_text) else None,
    )


def _pair(text: str, highest: int) -> tuple[int, int] | None:
    found = re.fullmatch(r"(\d{1,5})(?:-(\d{1,5}))?", text)
    if not found:
        return None
    first = int(found[1])
    second = int(found[2]) if found[2] else first + 1
    return (first, second) if first <= highest and second <= highest else None


def read_session(value: str) -> tuple[str, float]:
    """The session's id and its timeout in seconds (60 when it does not say; 5 at least).

    Raises:
        StreamError: The id holds what cannot stand in a header.
    """
    name, _, rest = value.partition(";")
    found = re.search(r"timeout\s*=\s*(\d{1,6})", rest)
    name = name.strip()
    if not re.fullmatch(r"[\x21-\x7e]{1,256}", name):
        raise StreamError(Cause.PROTOCOL, "Session")
    return name, max(5.0, float(found[1])) if found else 60.0
