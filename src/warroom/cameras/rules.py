"""Decisions about cameras: what a camera may look like, and what a change makes of it. Pure."""

import math
import re
import unicodedata
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, fields, replace
from typing import Any

from warroom.cameras.addresses import (
    HIDDEN,
    MAX_CREDENTIAL,
    join_credentials,
    parse_address,
    parse_control,
    same_host,
)
from warroom.cameras.contracts import ROLES, CameraDraft, Credentials, Role, StreamDraft, Transport
from warroom.cameras.errors import (
    CredentialsNeededError,
    FieldError,
    FieldMissingError,
    OutOfRangeError,
    OutsideCityError,
    TooLongError,
    UrlInvalidError,
)

MAX_NUMBER = 999_999
MAX_RANGE_M = 3000.0
MAX_TAGS = 32
REQUIRED = ("number", "name", "agency_id", "lat", "lon")

_LIMITS = {"name": 120, "site": 240, "notes": 4000, "retention_class": 40}
_RANGES: dict[str, tuple[float, float]] = {
    "number": (1, MAX_NUMBER),
    "lat": (-90.0, 90.0),
    "lon": (-180.0, 180.0),
    "height_m": (0.0, 1000.0),
    "bearing_deg": (0.0, 360.0),
    "fov_deg": (0.1, 360.0),
    "range_m": (0.1, MAX_RANGE_M),
    "pan_span_deg": (1.0, 720.0),
    "ceiling_kbit_s": (64, 1_000_000),
}
_WORD = re.compile(r"^[a-z0-9][a-z0-9_-]{0,39}$")
_AREA_CODE = re.compile(r"^\d{2}(\.\d{2}){1,2}(\.\d{4})?$")
_KM_PER_DEGREE = 111.32
_KEPT = frozenset(item.name for item in fields(CameraDraft)) - {"streams"}


@dataclass(frozen=True, slots=True)
class StreamChange:
    """What somebody says about a stream; None says nothing.

    Attributes:
        url: May hold a login, which is taken out; empty removes the stream.
        username: None, or empty beside a password, keeps the stored one.
        password: None keeps the stored one, if the stream stays on its host.
    """

    role: Role
    url: str | None = None
    transport: str | None = None
    username: str | None = None
    password: str | None = None

    def __repr__(self) -> str:
        """The role alone: everything else may hold a secret."""
        return f"StreamChange({self.role!r})"


def tidy(text: str) -> str:
    """A text as it is stored: composed letters, no blanks at the ends, single blanks inside."""
    return " ".join(unicodedata.normalize("NFC", text).split(" ")).strip()


def problems_of(
    draft: CameraDraft, bounds: tuple[float, ...] | None, margin_km: float
) -> list[FieldError]:
    """Everything that is wrong with a camera, field by field; empty if it can be stored.

    Args:
        draft: The camera; its texts are tidied already.
        bounds: West, south, east, north of the city; None where that is not known.
        margin_km: How far outside of them a camera may stand.
    """
    found: list[FieldError] = []
    found += _text_problems(draft)
    found += _number_problems(draft)
    if bounds is not None and not any(e.params["field"] in ("lat", "lon") for e in found):
        found += _position_problems(draft, bounds, margin_km)
    found += _area_problems(draft)
    return found


def merge(
    stored: CameraDraft | None,
    changes: Mapping[str, Any],
    streams: Iterable[StreamChange],
    *,
    allow_loopback: bool,
) -> CameraDraft:
    """The camera that changes make of a stored one, or of none.

    Args:
        stored: The camera as it is, its logins opened; None makes a new one.
        changes: Fields of `CameraDraft` and their new values; what is absent stays.
        streams: What is said about streams; a stream that is not named stays.
        allow_loopback: Whether a camera may be on this machine.

    Raises:
        FieldMissingError: A new camera lacks a field that every camera has.
        FieldError: An address or a login cannot be taken.
    """
    values = {name: _tidied(value) for name, value in changes.items() if name in _KEPT}
    if stored is None:
        for name in REQUIRED:
            if values.get(name) in (None, ""):
                raise FieldMissingError(field=name)
        stored = CameraDraft(**{name: values[name] for name in REQUIRED})
    moved = replace(stored, **values)
    if values.get("bearing_deg") == 360.0:
        moved = replace(moved, bearing_deg=0.0)
    merged = {stream.role: stream for stream in moved.streams}
    for change in streams:
        stream = _merge_stream(merged.get(change.role), change, allow_loopback)
        if stream is None:
            merged.pop(change.role, None)
        else:
            merged[change.role] = stream
    ordered = tuple(merged[role] for role in ROLES if role in merged)
    if ordered and ordered[0].role != "main":
        raise FieldMissingError(field="url")
    return replace(moved, streams=ordered, control_url=_control(moved, ordered, allow_loopback))


def differences(before: CameraDraft | None, after: CameraDraft) -> dict[str, list[Any]]:
    """What changed, for the audit: field -> [before, after]; of a login only that it changed."""
    changed: dict[str, list[Any]] = {}
    for name in sorted(_KEPT):
        old = getattr(before, name) if before else None
        new = getattr(after, name)
        if old != new and not (before is None and new in (None, "", ())):
            changed[name] = [_plain(old), _plain(new)]
    old_streams = {stream.role: stream for stream in before.streams} if before else {}
    new_streams = {stream.role: stream for stream in after.streams}
    for role in ROLES:
        old_stream, new_stream = old_streams.get(role), new_streams.get(role)
        if old_stream == new_stream:
            continue
        changed[f"stream.{role}"] = [_shown(old_stream), _shown(new_stream)]
        if (old_stream and old_stream.credentials) != (new_stream and new_stream.credentials):
            changed[f"stream.{role}.login"] = [HIDDEN, HIDDEN]
    return changed


def like_pattern(q: str) -> str:
    """What to look for with `ilike`, the wildcards of SQL taken as they are typed."""
    escaped = q.strip().replace("\\", r"\\").replace("%", r"\%").replace("_", r"\_")
    return f"%{escaped}%"


def _merge_stream(
    stored: StreamDraft | None,
    change: StreamChange,
    allow_loopback: bool,  # noqa: FBT001 - private
) -> StreamDraft | None:
    if change.url == "":
        return None
    _check_login(change)
    transport = _transport(change.transport or (stored.transport if stored else "tcp"))
    if change.url is None or (stored is not None and change.url == stored.url):
        if stored is None:
            raise FieldMissingError(field="url")
        login = _login_on_same_host(stored.credentials, change.username, change.password)
        return StreamDraft(stored.role, stored.url, transport, login)
    if HIDDEN in change.url:
        raise UrlInvalidError(field="url")
    address = parse_address(change.url, allow_loopback=allow_loopback)
    given = join_credentials(address.credentials, change.username or "", change.password or "")
    is_silent = change.username is None and change.password is None
    if is_silent and stored is not None and not (given.username or given.password):
        given = _login_taken_along(stored, address.url, given)
    elif given.password and not given.username and stored and stored.credentials:
        given = replace(given, username=stored.credentials.username)
    return StreamDraft(change.role, address.url, transport, given)


def _control(
    draft: CameraDraft,
    streams: tuple[StreamDraft, ...],
    allow_loopback: bool,  # noqa: FBT001 - private
) -> str | None:
    if not draft.control_url:
        return None
    main = streams[0].url if streams else None
    return parse_control(draft.control_url, main, allow_loopback=allow_loopback)


def _check_login(change: StreamChange) -> None:
    for name, text in (("username", change.username), ("password", change.password)):
        if text and len(text) > MAX_CREDENTIAL:
            raise TooLongError(field=name, limit=MAX_CREDENTIAL)
        if text and not text.isprintable():
            raise FieldError(field=name)


def _login_taken_along(stored: StreamDraft, url: str, given: Credentials) -> Credentials:
    """The stored login for the stream's new address, which must be on the host it was given for.

    Otherwise whoever may edit a camera could have its password sent to a machine of their own.

    Raises:
        CredentialsNeededError: The host is another one, or the stored login cannot be opened.
    """
    had = stored.credentials
    if had is None or (had.password and not same_host(stored.url, url)):
        raise CredentialsNeededError(field="password")
    return Credentials(had.username, had.password, given.url)


def _login_on_same_host(
    stored: Credentials | None, username: str | None, password: str | None
) -> Credentials | None:
    if username is None and password is None:
        return stored
    had = stored or Credentials()
    if username not in (None, had.username) and password is None:
        # Another person's password with this name would only lock the camera.
        raise CredentialsNeededError(field="password")
    # User names are not shown either: whoever types a new password alone means the same one.
    keeps_name = username is None or (not username and bool(password))
    return Credentials(
        had.username if keeps_name else username or "",
        had.password if password is None else password,
        had.url,
    )


def _transport(word: str) -> Transport:
    match word:
        case "tcp" | "udp":
            return word
        case _:
            raise FieldError(field="transport")


def _tidied(value: Any) -> Any:
    if isinstance(value, str):
        return tidy(value)
    if isinstance(value, list | tuple):
        return tuple(dict.fromkeys(tidy(str(item)).lower() for item in value if str(item).strip()))
    return value


def _plain(value: Any) -> Any:
    return list(value) if isinstance(value, tuple) else value


def _shown(stream: StreamDraft | None) -> dict[str, str] | None:
    return {"url": stream.url, "transport": stream.transport} if stream else None


def _text_problems(draft: CameraDraft) -> list[FieldError]:
    found: list[FieldError] = []
    for name, limit in _LIMITS.items():
        text = getattr(draft, name)
        if len(text) > limit:
            found.append(TooLongError(field=name, limit=limit))
        elif not _is_text(text, lines=name == "notes"):
            found.append(FieldError(field=name))
    if not draft.name:
        found.append(FieldMissingError(field="name"))
    if draft.retention_class and not _WORD.match(draft.retention_class):
        found.append(FieldError(field="retention_class"))
    if not draft.retention_class:
        found.append(FieldMissingError(field="retention_class"))
    if len(draft.tags) > MAX_TAGS or not all(
        len(tag) <= 40 and _is_text(tag, lines=False) for tag in draft.tags
    ):
        found.append(FieldError(field="tags"))
    return found


def _is_text(text: str, *, lines: bool) -> bool:
    """Whether a person could have typed it: no control characters, no lone surrogates."""
    return not any(
        unicodedata.category(letter) in ("Cc", "Cs") and not (lines and letter in "\n\t\r")
        for letter in text
    )


def _number_problems(draft: CameraDraft) -> list[FieldError]:
    found: list[FieldError] = []
    for name, (low, high) in _RANGES.items():
        value = getattr(draft, name)
        if value is not None and not (math.isfinite(value) and low <= value <= high):
            found.append(OutOfRangeError(field=name, low=low, high=high))
    return found


def _position_problems(
    draft: CameraDraft, bounds: tuple[float, ...], margin_km: float
) -> list[FieldError]:
    """A camera far from its city is nearly always one whose latitude and longitude are swapped."""
    west, south, east, north = bounds
    margin = margin_km / _KM_PER_DEGREE
    squeezed = margin / max(0.01, math.cos(math.radians(draft.lat)))
    if not south - margin <= draft.lat <= north + margin:
        return [OutsideCityError(field="lat")]
    if not west - squeezed <= draft.lon <= east + squeezed:
        return [OutsideCityError(field="lon")]
    return []


def _area_problems(draft: CameraDraft) -> list[FieldError]:
    return [
        FieldError(field=name)
        for name in ("kecamatan", "kelurahan")
        if getattr(draft, name) is not None and not _AREA_CODE.match(getattr(draft, name))
    ]
