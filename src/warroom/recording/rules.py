"""Decisions of the recorder: where a camera may be, when to try again, when to cut, what to drop.

Pure: time, settings and resolved addresses are passed in.
"""

import hashlib
import ipaddress
from collections.abc import Iterable
from dataclasses import dataclass
from urllib.parse import unquote, urlsplit

from warroom.kernel.addresses import is_address_allowed
from warroom.recording.errors import Cause, StreamError

RTSP_PORT = 554

LOSS_GAP_MS = 1000
"""A hole shorter than this is filled by the last picture; a longer one is a gap."""

CLOCK_JUMP_90K = 10 * 90_000
"""A step of RTP time stamps beyond this begins a new run."""


@dataclass(frozen=True, slots=True)
class Target:
    """A camera's RTSP address, taken apart; `path` begins with a slash and keeps its query."""

    host: str
    port: int
    path: str
    username: str = ""
    password: str = ""

    @property
    def url(self) -> str:
        """The address without login, as it stands in RTSP requests."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        port = "" if self.port == RTSP_PORT else f":{self.port}"
        return f"rtsp://{host}{port}{self.path}"


def parse_url(url: str) -> Target:
    """Takes a camera URL apart.

    Raises:
        StreamError: With `Cause.BAD_URL` when it is not an `rtsp://` address.
    """
    if len(url) > 2048 or any(ord(c) <= 32 or ord(c) == 127 for c in url):
        raise StreamError(Cause.BAD_URL, "blank, control character or too long")
    try:
        parts = urlsplit(url)
        port = parts.port
        host = parts.hostname
    except ValueError as error:
        raise StreamError(Cause.BAD_URL, "cannot be read") from error
    if parts.scheme.lower() != "rtsp" or not host or port == 0:
        raise StreamError(Cause.BAD_URL, "not an rtsp:// address")
    path = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
    return Target(
        host=host,
        port=port or RTSP_PORT,
        path=path,
        username=unquote(parts.username or ""),
        password=unquote(parts.password or ""),
    )


def check_address(
    text: str, *, allow_loopback: bool, allow_cidrs: Iterable[str] = ()
) -> ipaddress.IPv4Address | ipaddress.IPv6Address:
    """The address, when a camera may be there (`kernel.addresses`).

    It is asked with the address that is connected to, after the name was resolved, so that a name
    cannot point elsewhere the second time (DNS rebinding).

    Args:
        text: A literal address.
        allow_loopback: Whether this machine counts as allowed.
        allow_cidrs: Networks allowed; empty means all that are not forbidden.

    Raises:
        StreamError: With `Cause.FORBIDDEN_ADDRESS`, or `Cause.UNKNOWN_HOST` for no address at all.
    """
    try:
        address = ipaddress.ip_address(text.partition("%")[0])
    except ValueError as error:
        raise StreamError(Cause.UNKNOWN_HOST, text[:80]) from error
    if not is_address_allowed(address, allow_loopback=allow_loopback):
        raise StreamError(Cause.FORBIDDEN_ADDRESS, str(address))
    mapped = address.ipv4_mapped if isinstance(address, ipaddress.IPv6Address) else None
    address = mapped or address
    networks = [ipaddress.ip_network(cidr, strict=False) for cidr in allow_cidrs]
    is_here = address.is_loopback
    if networks and not is_here and not any(address in network for network in networks):
        raise StreamError(Cause.FORBIDDEN_ADDRESS, f"{address} is in none of the camera networks")
    return address


def backoff_s(attempt: int, failing_for_s: float, jitter: float) -> float:
    """How long to wait before the next try.

    0.5, 1, 2, 2 ... s in the first 20 s, so that a camera back after a short outage is recorded
    again within 5 s, the wait for its key frame included; 4 s up to a minute; then 15 s.

    Args:
        attempt: Failures in a row so far, from 1.
        failing_for_s: Time since the first of them.
        jitter: Uniform in [0, 1); spreads cameras that failed together by -20..+20 %.
    """
    most = 2.0 if failing_for_s < 20.0 else 4.0
    base = min(most, 0.5 * 2.0 ** min(attempt - 1, 8)) if failing_for_s < 60.0 else 15.0
    return base * (0.8 + 0.4 * jitter)


def refusal_backoff_s(attempt: int, jitter: float) -> float:
    """Waiting time after an answer that will not change soon: 4, 8, then 15 s."""
    return min(15.0, 4.0 * 2.0 ** min(attempt - 1, 4)) * (0.8 + 0.4 * jitter)


LASTING = frozenset(
    {
        Cause.AUTH,
        Cause.NOT_FOUND,
        Cause.NOT_VIDEO,
        Cause.TRANSPORT,
        Cause.REDIRECT,
        Cause.BAD_URL,
        Cause.FORBIDDEN_ADDRESS,
        Cause.TOO_LARGE,
    }
)
"""Causes that an early retry does not cure (and that may lock an account)."""

UNUSUAL_WINDOWS = 3
"""Statistics windows in a row after which a bit rate is told as unusual."""

_UNUSUAL_TIMES = 4.0
_UNUSUAL_FROM_KBIT_S = 2000.0


def is_unusual(kbit_s: float, usual_kbit_s: float, *, is_told: bool) -> bool:
    """Whether a bit rate is far over what the camera usually sends.

    Four times and more begins it, less than twice ends it (`is_told`: it was told already). Below
    2 Mbit/s nothing is worth telling: night and rain change small streams as much.
    """
    times = _UNUSUAL_TIMES / 2 if is_told else _UNUSUAL_TIMES
    return kbit_s > max(_UNUSUAL_FROM_KBIT_S, usual_kbit_s * times)


_RESTART_S = 60.0


def is_lasting(cause: Cause, without_pictures_s: float) -> bool:
    """Whether an early retry is of no use.

    A server that starts again listens before it knows its streams: `not_found` within a minute of
    the last picture is no answer to be taken at its word.

    Args:
        cause: Why the try failed.
        without_pictures_s: Time since the camera's last pictures; infinite if it had none yet.
    """
    if cause is Cause.NOT_FOUND and without_pictures_s < _RESTART_S:
        return False
    return cause in LASTING


def stagger_ms(camera_id: str, segment_ms: int) -> int:
    """When within a segment's length this camera cuts: spread evenly, the same every day."""
    digest = hashlib.blake2b(camera_id.encode(), digest_size=8).digest()
    return int.from_bytes(digest) % segment_ms


def segment_number(wall_ms: int, phase_ms: int, segment_ms: int) -> int:
    """Which segment an instant belongs to; a key frame with a new number begins a new file."""
    return (wall_ms - phase_ms) // segment_ms


def disk_of(camera_id: str, disks: list[str]) -> str:
    """The disk of a camera by rendezvous hashing: a disk more moves only its share of cameras."""

    def weight(disk: str) -> bytes:
        return hashlib.blake2b(f"{disk}\0{camera_id}".encode(), digest_size=8).digest()

    return max(disks, key=weight)


@dataclass(frozen=True, slots=True)
class ClassUse:
    """What a retention class holds on a disk."""

    retention_class: str
    bytes: int


def bytes_to_free(
    uses: list[ClassUse],
    *,
    quota_bytes: int,
    slack_bytes: int,
    free_bytes: int,
    reserve_bytes: int,
    keep_bytes: dict[str, int],
    held_bytes: dict[str, int] | None = None,
) -> dict[str | None, int]:
    """How much must go, by class; the key None means "the oldest of any class".

    Args:
        uses: Bytes now, by class.
        quota_bytes: Most bytes of video on this disk.
        slack_bytes: Room kept below the quota for what grows before the next look.
        free_bytes: Free space of the file system.
        reserve_bytes: Free space to keep.
        keep_bytes: Most bytes by class, held ones apart: a hold is no choice of its class.
        held_bytes: Bytes that are held, by class.
    """
    held = held_bytes or {}
    result: dict[str | None, int] = {}
    total = sum(use.bytes for use in uses)
    for use in uses:
        free = use.bytes - held.get(use.retention_class, 0)
        over = free - keep_bytes.get(use.retention_class, free)
        if over > 0:
            result[use.retention_class] = over
            total -= over
            free_bytes += over
    over = max(total - max(0, quota_bytes - slack_bytes), reserve_bytes - free_bytes)
    if over > 0:
        result[None] = over
    return result


HELD_WARNING = 0.5
"""Above this share of a disk's quota, holds are worth a warning."""

RING_SHARE = 0.1
"""This much of a disk's quota stays for new footage, whatever is held."""


def are_holds_in_the_way(held_bytes: int, quota_bytes: int) -> bool:
    """Whether holds leave the ring less than its share, so that it grows past the quota."""
    return held_bytes > quota_bytes * (1 - RING_SHARE)


def ring_bytes(held_bytes: int, quota_bytes: int) -> int:
    """Most bytes on a disk, held ones included.

    The quota, unless holds would leave the ring less than its share: then the ring keeps that
    share on top of what is held, and only the free space of the file system stops it. So a hold
    never costs the newest footage of other cameras before the disk itself is full.
    """
    return max(quota_bytes, held_bytes + round(quota_bytes * RING_SHARE))
