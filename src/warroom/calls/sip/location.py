"""Where the caller is, as the INVITE says it.

The body is `application/pidf+xml` (RFC 4119), alone or as a part of `multipart/mixed` beside the
SDP, named by the header Geolocation (RFC 6442). Shapes: point and circle (RFC 5491); of an ellipse
the longer half-axis is the radius, which may only make the place less exact. XML with a DTD or an
entity is refused: nothing is ever expanded or fetched.
"""

import math
import re
from collections.abc import Callable
from dataclasses import dataclass, field
from xml.parsers import expat

from warroom.calls.sip.fields import MalformedError, NameAddr, split_top
from warroom.calls.sip.message import Message

PIDF = "application/pidf+xml"
_PARTS_MOST = 16
_ELEMENTS_MOST = 2000
_DEPTH_MOST = 64
_TEXT_MAX = 4096
_RADIUS_MOST_M = 20_040_000
"""Half of the way round the earth: who knows no more knows nothing."""

_NUMBER = re.compile(r"[+-]?\d{1,12}(?:\.\d{1,18})?(?:[eE][+-]?\d{1,2})?")


@dataclass(frozen=True, slots=True)
class Place:
    """A place that somebody else tells.

    Attributes:
        latitude: WGS 84, degrees.
        longitude: WGS 84, degrees.
        radius_m: How far off the caller may be; None where it is not told.
        confidence: Of the radius, percent (RFC 7459); None where it is not told.
        method: How it was found (`GPS`, `Cell`, ...), as told.
        provider: Who put it in, as far as told.
    """

    latitude: float
    longitude: float
    radius_m: float | None = None
    confidence: float | None = None
    method: str = ""
    provider: str = ""


@dataclass(frozen=True, slots=True)
class Part:
    """One part of a body."""

    content_type: str
    content_id: str
    body: bytes


@dataclass(slots=True)
class _Element:
    name: str
    attributes: dict[str, str]
    text: str = ""
    children: list["_Element"] = field(default_factory=list)

    def every(self, name: str) -> list["_Element"]:
        """All elements of this local name below, in order of the document."""
        found = [self] if self.name == name else []
        for child in self.children:
            found += child.every(name)
        return found

    def first(self, *names: str) -> "_Element | None":
        """The first element below that has one of the names."""
        return next((found for name in names for found in self.every(name)), None)


def parts_of(message: Message) -> list[Part]:
    """The parts of a body; one that is not multipart is its only part.

    Raises:
        MalformedError: It says to be multipart and is not.
    """
    declared = message.get("content-type")
    if not message.content_type.startswith("multipart/"):
        return [Part(message.content_type, "", message.body)] if message.body else []
    found = re.search(r'boundary\s*=\s*(?:"([^"]{1,200})"|([^\s;"]{1,200}))', declared, re.I)
    if found is None:
        raise MalformedError("Multipart without a boundary")
    mark = b"--" + (found[1] or found[2]).encode("utf-8", "surrogateescape")
    pieces = re.split(rb"(?:^|\r?\n)" + re.escape(mark), message.body, maxsplit=_PARTS_MOST)
    return [_part(piece) for piece in pieces[1:] if not piece.startswith(b"--")]


def _part(piece: bytes) -> Part:
    piece = piece.lstrip(b" \t")
    head, _, body = re.sub(rb"^\r?\n", b"", piece).partition(b"\r\n\r\n")
    if not body and b"\n\n" in piece:
        head, _, body = piece.partition(b"\n\n")
    headers = {}
    for line in re.split(r"\r?\n(?![ \t])", head.decode("utf-8", "replace")):
        name, _, value = line.partition(":")
        headers[name.strip().lower()] = value.strip()
    kind = headers.get("content-type", "text/plain").partition(";")[0].strip().lower()
    return Part(kind, headers.get("content-id", "").strip("<> "), body)


def description_of(message: Message) -> bytes:
    """The SDP of a message, wherever in its body; empty where there is none."""
    return next((p.body for p in parts_of(message) if p.content_type == "application/sdp"), b"")


def place_of(message: Message) -> Place | None:
    """The place that an INVITE carries; None where it carries none that can be read.

    A place that cannot be read never refuses the call.
    """
    try:
        parts = [part for part in parts_of(message) if part.content_type == PIDF]
        named = _named(message)
    except MalformedError:
        return None
    # The part that the header names is the caller's place (RFC 6442, 4.1), before any other.
    for part in sorted(parts, key=lambda part: part.content_id not in named):
        place = read_place(part.body)
        if place is not None:
            return place
    return None


def reference_of(message: Message) -> str:
    """The address at which the place may be asked for; empty where the body carries it or none."""
    for value in message.all("geolocation"):
        for item in split_top(value):
            found = re.match(r"<(https?://[^>\s]{1,500})>", item)
            if found:
                return found[1]
    return ""


def _named(message: Message) -> frozenset[str]:
    found = set()
    for value in message.all("geolocation"):
        for item in split_top(value):
            uri = NameAddr.parse(item).uri
            if uri.lower().startswith("cid:"):
                found.add(uri[4:])
    return frozenset(found)


def read_place(document: bytes) -> Place | None:
    """Reads a PIDF-LO; None where it has no place that can be read."""
    try:
        root = _tree(document)
    except (expat.ExpatError, MalformedError, LookupError, ValueError):
        return None
    for profile in root.every("geopriv"):
        shape = profile.first("Circle", "Ellipse", "Point")
        place = _shape(shape, profile) if shape is not None else None
        if place is not None:
            return place
    return None


def _shape(shape: _Element, profile: _Element) -> Place | None:
    where = shape.first("pos")
    if where is None or not _is_wgs84(shape.attributes.get("srsName", "")):
        return None
    numbers = [_number(word) for word in where.text.split()]
    if len(numbers) < 2:
        return None
    latitude, longitude = numbers[0], numbers[1]
    if latitude is None or longitude is None or abs(latitude) > 90 or abs(longitude) > 180:
        return None
    told = shape.first("radius", "semiMajorAxis")
    radius = _number(told.text) if told is not None else None
    sure, method = profile.first("confidence"), profile.first("method")
    confidence = _number(sure.text) if sure is not None else None
    provider = profile.first("provided-by")
    return Place(
        latitude,
        longitude,
        round(radius, 1) if radius is not None and 0 <= radius <= _RADIUS_MOST_M else None,
        round(confidence, 1) if confidence is not None and 0 <= confidence <= 100 else None,
        method.text.strip()[:40] if method is not None else "",
        provider.text.strip()[:80] if provider is not None else "",
    )


def _is_wgs84(name: str) -> bool:
    return not name or name.rpartition(":")[2] in ("4326", "4979")


def _number(text: str) -> float | None:
    text = text.strip()
    if not _NUMBER.fullmatch(text):
        return None
    value = float(text)
    return value if math.isfinite(value) else None


def _refuse(*_: object) -> None:
    raise MalformedError("XML with a DTD")


def _tree(document: bytes) -> _Element:
    """The document as a tree of local names.

    Raises:
        MalformedError: It has a doctype or an entity, or is too big.
        ExpatError: It is no XML.
    """
    top = _Element("", {})
    stack, count = [top], 0

    def begin(name: str, attributes: dict[str, str]) -> None:
        nonlocal count
        count += 1
        if count > _ELEMENTS_MOST or len(stack) > _DEPTH_MOST:
            raise MalformedError("XML too big")
        element = _Element(name.rpartition(" ")[2], attributes)
        stack[-1].children.append(element)
        stack.append(element)

    def text(given: str) -> None:
        if len(stack[-1].text) < _TEXT_MAX:
            stack[-1].text += given

    _feed(document, begin, lambda _: stack.pop(), text)
    return top


def _feed(
    document: bytes,
    begin: Callable[[str, dict[str, str]], None],
    end: Callable[[str], object],
    text: Callable[[str], None],
) -> None:
    reader = expat.ParserCreate(namespace_separator=" ")
    reader.StartElementHandler, reader.EndElementHandler = begin, end
    reader.CharacterDataHandler = text
    reader.StartDoctypeDeclHandler = reader.EntityDeclHandler = _refuse
    reader.ExternalEntityRefHandler = _refuse  # type: ignore[assignment]
    reader.Parse(document.strip(), True)
