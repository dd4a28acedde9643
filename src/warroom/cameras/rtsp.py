"""Just enough RTSP to ask a camera what it would send: one question, one login, one answer. Pure.

The recorder speaks the whole protocol; this is for the probe, which stands below it. Every length
is bounded: whoever answers may be anything.

References:
    RFC 2326 (RTSP 1.0), RFC 7616 and 2617 (Digest), RFC 7617 (Basic), RFC 8866 (SDP),
    RFC 6184 section 8.1 and RFC 7798 section 7.1 (parameter sets in SDP).
"""

import base64
import binascii
import hashlib
import re
from dataclasses import dataclass, field

from warroom.cameras.sps import Picture, read_h264, read_h265

MAX_HEADER = 16 << 10
MAX_BODY = 64 << 10
_STATUS = re.compile(rb"^RTSP/1\.\d (\d{3})(?: |$)")
_PART = re.compile(r'(\w+)\s*=\s*(?:"((?:[^"\\]|\\.)*)"|([^\s,]+))')
_HASHES = {"MD5": hashlib.md5, "SHA-256": hashlib.sha256}
_VIDEO = {"H264": "h264", "H265": "h265", "HEVC": "h265"}
_STATIC_AUDIO = {"0": "PCMU", "8": "PCMA"}


@dataclass(frozen=True, slots=True)
class Answer:
    """The head of a response.

    Attributes:
        headers: By name in small letters; several of one name in order.
        length: Bytes of the body that follow.
    """

    status: int
    headers: dict[str, list[str]]
    length: int


@dataclass(frozen=True, slots=True)
class Announced:
    """What a session description announces.

    Attributes:
        codec: `h264`, `h265`; None if there is no video that can be recorded.
        picture: Where the parameter sets were announced too.
    """

    codec: str | None
    picture: Picture | None = None
    fps: float | None = None
    audio: str | None = None
    other_video: str | None = field(default=None)


def request(method: str, url: str, sequence: int, authorization: str | None) -> bytes:
    """A request without a body; `url` has been judged and holds no line break."""
    lines = [f"{method} {url} RTSP/1.0", f"CSeq: {sequence}", "User-Agent: WarRoom"]
    if method == "DESCRIBE":
        lines.append("Accept: application/sdp")
    if authorization:
        lines.append(f"Authorization: {authorization}")
    return ("\r\n".join(lines) + "\r\n\r\n").encode()


def read_head(head: bytes) -> Answer | None:
    """The head of a response (without its empty line); None if it is not RTSP."""
    first, _, rest = head.partition(b"\r\n")
    found = _STATUS.match(first)
    if found is None:
        return None
    headers: dict[str, list[str]] = {}
    for line in rest.decode("latin-1").split("\r\n"):
        name, colon, value = line.partition(":")
        if colon:
            headers.setdefault(name.strip().lower(), []).append(value.strip())
    length = headers.get("content-length", ["0"])[0]
    if not (length.isascii() and length.isdigit() and int(length[:9]) <= MAX_BODY):
        return None
    return Answer(int(found[1]), headers, int(length))


def authorization(
    challenges: list[str], method: str, url: str, username: str, password: str
) -> str | None:
    """The strongest answer to a camera's challenges; None if none can be answered.

    Digest is preferred, so that a password is sent in clear only to cameras that ask for that.
    """
    # A challenge is repeated in the answer, so it must not bring lines of its own.
    single = [text for text in challenges if text.isprintable()]
    parsed = [(text.partition(" ")[0].lower(), _parts(text)) for text in single]
    digests = [parts for scheme, parts in parsed if scheme == "digest" and _algorithm(parts)]
    digests.sort(key=lambda parts: _algorithm(parts) == "SHA-256", reverse=True)
    if digests:
        return _digest(digests[0], method, url, username, password)
    if any(scheme == "basic" for scheme, _ in parsed):
        token = base64.b64encode(f"{username}:{password}".encode()).decode()
        return f"Basic {token}"
    return None


def read_sdp(body: bytes) -> Announced:
    """What a session description announces; anything odd in it counts as absent."""
    sections = re.split(r"(?m)^m=", body.decode("utf-8", "replace").replace("\r\n", "\n"))
    video, audio, other = None, None, None
    for section in sections[1:]:
        kind, _, rest = section.partition(" ")
        encoding = _encoding(rest)
        if kind == "audio" and audio is None:
            audio = encoding
        if kind == "video" and video is None:
            if encoding in _VIDEO:
                video = section
            else:
                other = other or encoding
    if video is None:
        return Announced(None, audio=audio, other_video=other)
    codec = _VIDEO[_encoding(video) or ""]
    return Announced(codec, _picture(codec, video), _frame_rate(video), audio)


def _parts(challenge: str) -> dict[str, str]:
    _, _, rest = challenge.partition(" ")
    return {name.lower(): quoted or plain for name, quoted, plain in _PART.findall(rest[:4096])}


def _algorithm(parts: dict[str, str]) -> str | None:
    name = parts.get("algorithm", "MD5").upper()
    qop = {word.strip().lower() for word in parts.get("qop", "auth").split(",")}
    return name if name in _HASHES and "auth" in qop and parts.get("nonce") else None


def _digest(parts: dict[str, str], method: str, url: str, username: str, password: str) -> str:
    name = _algorithm(parts) or "MD5"
    make = _HASHES[name]

    def digest(text: str) -> str:
        return make(text.encode()).hexdigest()

    realm, nonce = parts.get("realm", ""), parts["nonce"]
    secret, asked = digest(f"{username}:{realm}:{password}"), digest(f"{method}:{url}")
    # One question is asked, so the count is always the first, and the nonce is the camera's.
    fields = [f'username="{_quoted(username)}"', f'realm="{realm}"', f'nonce="{nonce}"']
    fields.append(f'uri="{url}"')
    if "qop" in parts:
        client = digest(f"{nonce}:{url}")[:16]
        response = digest(f"{secret}:{nonce}:00000001:{client}:auth:{asked}")
        fields += ["qop=auth", "nc=00000001", f'cnonce="{client}"']
    else:
        response = digest(f"{secret}:{nonce}:{asked}")
    fields.append(f'response="{response}"')
    if "algorithm" in parts:
        fields.append(f"algorithm={name}")
    if "opaque" in parts:
        fields.append(f'opaque="{parts["opaque"]}"')
    return "Digest " + ", ".join(fields)


def _quoted(text: str) -> str:
    return text.replace("\\", "\\\\").replace('"', '\\"')


def _encoding(section: str) -> str | None:
    found = re.search(r"(?m)^a=rtpmap:\d+\s+([\w.-]{1,40})/", section)
    if found:
        return found[1].upper()
    words = section.partition("\n")[0].split()
    return _STATIC_AUDIO.get(words[-1]) if words else None


def _picture(codec: str, section: str) -> Picture | None:
    name = "sprop-parameter-sets" if codec == "h264" else "sprop-sps"
    found = re.search(rf"{name}=([A-Za-z0-9+/=,]+)", section)
    for text in found[1].split(",") if found else []:
        try:
            unit = base64.b64decode(text, validate=False)
        except binascii.Error:
            continue
        picture = read_h264(unit) if codec == "h264" else read_h265(unit)
        if picture is not None:
            return picture
    return None


def _frame_rate(section: str) -> float | None:
    found = re.search(r"(?m)^a=(?:x-)?framerate:\s*(\d{1,4}(?:\.\d{1,4})?)", section)
    return float(found[1]) if found and 0 < float(found[1]) <= 1000 else None
