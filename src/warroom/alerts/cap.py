"""An alert as text of the OASIS Common Alerting Protocol 1.2, read and written. Pure.

The standard's schema is not shipped: one table (`_LISTS` and `problems`) holds what its
data dictionary (section 3.2) requires. What is written must satisfy all of it. Of what is read,
that which leaves nothing in doubt is let pass with a remark: a time in `Z`, a fraction of a
second, a ring that is not closed; whatever would have to be guessed is refused.
"""

import re
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime
from xml.sax.saxutils import escape

from warroom.alerts import contracts as words
from warroom.alerts.contracts import Alert, Area, Info, Point, Read, Reference, Resource
from warroom.alerts.errors import BadAlertError
from warroom.alerts.xml_tree import Node, read_xml

SPACE = "urn:oasis:names:tc:emergency:cap:1.2"
_SPACE_1_1 = "urn:oasis:names:tc:emergency:cap:1.1"

TEXT_MOST = 20_000
WORD_MOST = 1_000
POINTS_MOST = 20_000

_TIME = re.compile(r"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{1,9})?([+-]\d\d:\d\d|Z)$")
_NOT_IN_NAMES = re.compile(r"[\s,<&]")
_NO_TEXT = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ufffe\uffff\ud800-\udfff]")
_LANGUAGE = re.compile(r"^[A-Za-z]{1,8}(-[A-Za-z0-9]{1,8})*$")

_LISTS: dict[str, Sequence[str]] = {
    "status": words.STATUSES,
    "msgType": words.TYPES,
    "scope": words.SCOPES,
    "category": words.CATEGORIES,
    "responseType": words.RESPONSES,
    "urgency": words.URGENCIES,
    "severity": words.SEVERITIES,
    "certainty": words.CERTAINTIES,
}
_OLD_WORDS = {"Very Likely": "Likely"}
"""Of CAP 1.0, which the standard asks to be read so."""


# --- the rules ---------------------------------------------------------------------------------


def problems(alert: Alert) -> list[str]:
    """What of the standard's rules an alert breaks, as paths; empty where it breaks none."""
    found = [
        *_bad_name("identifier", alert.identifier),
        *_bad_name("sender", alert.sender),
        *_bad_time("sent", alert.sent),
        *_unlisted("status", alert.status),
        *_unlisted("msgType", alert.type),
        *_unlisted("scope", alert.scope),
    ]
    if (alert.scope == "Restricted") != bool(alert.restriction):
        found.append("restriction")
    if alert.scope == "Private" and not alert.addresses:
        found.append("addresses")
    if alert.type in ("Update", "Cancel", "Ack", "Error") and not alert.references:
        found.append("references")
    if alert.type == "Error" and not alert.note:
        found.append("note")
    for one in alert.references:
        found += _bad_name("references.identifier", one.identifier)
        found += _bad_name("references.sender", one.sender)
        found += _bad_time("references.sent", one.sent)
    for at, info in enumerate(alert.infos):
        found += [f"info.{at}.{name}" for name in _info_problems(info)]
    return found


def _info_problems(info: Info) -> list[str]:
    found = [] if _LANGUAGE.match(info.language) else ["language"]
    found += [] if info.event.strip() else ["event"]
    found += [] if info.categories else ["category"]
    for name, values in (
        ("category", info.categories),
        ("responseType", info.responses),
        ("urgency", (info.urgency,)),
        ("severity", (info.severity,)),
        ("certainty", (info.certainty,)),
    ):
        found += [problem for value in values for problem in _unlisted(name, value)]
    for name, at in (
        ("effective", info.effective),
        ("onset", info.onset),
        ("expires", info.expires),
    ):
        found += _bad_time(name, at) if at is not None else []
    for name, pairs in (("eventCode", info.codes), ("parameter", info.parameters)):
        found += [name for key, _ in pairs if not key]
    found += ["resource" for one in info.resources if not (one.description and one.mime_type)]
    for number, area in enumerate(info.areas):
        found += [f"area.{number}.{name}" for name in _area_problems(area)]
    return found


def _area_problems(area: Area) -> list[str]:
    found = [] if area.description.strip() else ["areaDesc"]
    found += ["polygon" for ring in area.polygons if not _is_ring(ring)]
    for lat, lon, radius in area.circles:
        if not _is_on_earth((lat, lon)) or not 0 <= radius <= 20_040:
            found.append("circle")
    found += ["geocode" for key, _ in area.geocodes if not key]
    if area.ceiling_ft is not None and area.altitude_ft is None:
        found.append("ceiling")
    return found


def _is_ring(ring: Sequence[Point]) -> bool:
    return len(ring) >= 4 and ring[0] == ring[-1] and all(map(_is_on_earth, ring))


def _is_on_earth(point: Point) -> bool:
    return -90 <= point[0] <= 90 and -180 <= point[1] <= 180


def _bad_name(name: str, value: str) -> list[str]:
    return [] if value and not _NOT_IN_NAMES.search(value) else [name]


def _bad_time(name: str, at: datetime) -> list[str]:
    return [] if at.tzinfo is not None and at.microsecond == 0 else [name]


def _unlisted(name: str, value: str) -> list[str]:
    return [] if value in _LISTS[name] else [name]


# --- reading -----------------------------------------------------------------------------------


def read_alert(content: bytes) -> Read:
    """What a document tells.

    Raises:
        BadAlertError: It is no alert, or one that would have to be guessed at (`problem`,
            `detail`: which element).
    """
    reader = _Reader()
    alert = reader.alert(read_xml(content))
    if found := problems(alert):
        raise BadAlertError(problem="rule", detail=", ".join(found[:5]))
    return Read(alert, tuple(dict.fromkeys(reader.remarks))[:20])


class _Reader:
    """Reads one document and keeps what is to be remarked on."""

    def __init__(self) -> None:
        self.remarks: list[str] = []

    def alert(self, node: Node) -> Alert:
        if node.name != "alert" or node.space not in (SPACE, _SPACE_1_1):
            raise BadAlertError(problem="no_alert", detail=f"{node.space} {node.name}"[:100])
        if node.space == _SPACE_1_1:
            self.remarks.append("version:1.1")
        sent = self._time(node, "sent")
        if sent is None:
            raise BadAlertError(problem="missing", detail="sent")
        return Alert(
            identifier=_word(node, "identifier"),
            sender=_word(node, "sender"),
            sent=sent,
            status=_word(node, "status"),
            type=_word(node, "msgType"),
            scope=_word(node, "scope"),
            source=_text(node, "source"),
            restriction=_text(node, "restriction"),
            addresses=_text(node, "addresses"),
            codes=tuple(one.text.strip()[:WORD_MOST] for one in node.all("code")),
            note=_text(node, "note"),
            references=self._references(node),
            incidents=_text(node, "incidents"),
            infos=tuple(self._info(one) for one in node.all("info")),
        )

    def _info(self, node: Node) -> Info:
        known = [one.text.strip() for one in node.all("responseType")]
        strange = [one for one in known if one not in words.RESPONSES]
        self.remarks += [f"responseType:{one[:40]}" for one in strange]
        certainty = _word(node, "certainty")
        return Info(
            event=_text(node, "event"),
            categories=tuple(one.text.strip() for one in node.all("category")),
            urgency=_word(node, "urgency"),
            severity=_word(node, "severity"),
            certainty=_OLD_WORDS.get(certainty, certainty),
            language=_word(node, "language") or "en-US",
            responses=tuple(one for one in known if one not in strange),
            audience=_text(node, "audience"),
            effective=self._time(node, "effective"),
            onset=self._time(node, "onset"),
            expires=self._time(node, "expires"),
            sender_name=_text(node, "senderName"),
            headline=_text(node, "headline"),
            description=_text(node, "description"),
            instruction=_text(node, "instruction"),
            web=_text(node, "web"),
            contact=_text(node, "contact"),
            codes=_pairs(node, "eventCode"),
            parameters=_pairs(node, "parameter"),
            resources=tuple(_resource(one) for one in node.all("resource")),
            areas=tuple(self._area(one) for one in node.all("area")),
        )

    def _area(self, node: Node) -> Area:
        rings = (self._ring(one.text) for one in node.all("polygon"))
        return Area(
            description=_text(node, "areaDesc"),
            # Some write an empty one where they have none.
            polygons=tuple(ring for ring in rings if ring),
            circles=tuple(_circle(one.text) for one in node.all("circle") if one.text.strip()),
            geocodes=_pairs(node, "geocode"),
            altitude_ft=_optional(node, "altitude"),
            ceiling_ft=_optional(node, "ceiling"),
        )

    def _ring(self, text: str) -> tuple[Point, ...]:
        pairs = text.split()
        if len(pairs) > POINTS_MOST:
            raise BadAlertError(problem="too_large", detail="polygon")
        ring = tuple(_point(pair, "polygon") for pair in pairs)
        if len(ring) >= 3 and ring[0] != ring[-1]:
            self.remarks.append("ring:not closed")
            ring = (*ring, ring[0])
        return ring

    def _references(self, node: Node) -> tuple[Reference, ...]:
        found = []
        for word in _text(node, "references").split():
            parts = word.split(",")
            if len(parts) != 3:
                raise BadAlertError(problem="bad", detail="references")
            found.append(Reference(parts[0], parts[1], self._instant(parts[2], "references")))
        return tuple(found)

    def _time(self, node: Node, name: str) -> datetime | None:
        text = _word(node, name)
        return self._instant(text, name) if text else None

    def _instant(self, text: str, name: str) -> datetime:
        found = _TIME.match(text)
        if found is None:
            raise BadAlertError(problem="bad", detail=name)
        if found[2] == "Z":
            self.remarks.append(f"time:{name} Z")
        try:
            at = datetime.fromisoformat(text)
        except ValueError:
            raise BadAlertError(problem="bad", detail=name) from None
        if found[1]:
            self.remarks.append(f"time:{name} {found[1]}")
            at = at.replace(microsecond=0)
        if not 1990 <= at.year <= 2200:
            raise BadAlertError(problem="bad", detail=name)
        return at


def _word(node: Node, name: str) -> str:
    text = node.first(name)
    if len(text) > WORD_MOST:
        raise BadAlertError(problem="too_large", detail=name)
    return text


def _text(node: Node, name: str) -> str:
    return node.first(name)[:TEXT_MOST].replace("\0", "")


def _pairs(node: Node, name: str) -> tuple[tuple[str, str], ...]:
    return tuple(
        (_word(one, "valueName"), _text(one, "value")[:WORD_MOST]) for one in node.all(name)
    )


def _resource(node: Node) -> Resource:
    size = node.first("size")
    return Resource(
        description=_text(node, "resourceDesc"),
        mime_type=_word(node, "mimeType"),
        uri=_text(node, "uri")[:WORD_MOST],
        size=int(size) if size.isascii() and size.isdigit() and len(size) < 16 else None,
        digest=_word(node, "digest"),
    )


def _number(text: str, name: str) -> float:
    try:
        value = float(text)
    except ValueError:
        raise BadAlertError(problem="bad", detail=name) from None
    if not -1e7 < value < 1e7:
        raise BadAlertError(problem="bad", detail=name)
    return value


def _optional(node: Node, name: str) -> float | None:
    text = _word(node, name)
    return _number(text, name) if text else None


def _point(pair: str, name: str) -> Point:
    lat, comma, lon = pair.partition(",")
    if not comma:
        raise BadAlertError(problem="bad", detail=name)
    return _number(lat, name), _number(lon, name)


def _circle(text: str) -> tuple[float, float, float]:
    parts = text.split()
    if len(parts) != 2:
        raise BadAlertError(problem="bad", detail="circle")
    return *_point(parts[0], "circle"), _number(parts[1], "circle")


# --- writing -----------------------------------------------------------------------------------


def write_alert(alert: Alert) -> bytes:
    """The document of an alert, in the order of elements that the standard gives.

    Times carry the offset that the alert's own times have, never `Z` (section 3.3.2); UTC is
    `-00:00`. What cannot stand in XML at all (control signs) is left out.

    Raises:
        BadAlertError: It breaks a rule of the standard (`detail`).
    """
    if found := problems(alert):
        raise BadAlertError(problem="rule", detail=", ".join(found[:5]))
    parts = [
        _tag("identifier", alert.identifier),
        _tag("sender", alert.sender),
        _tag("sent", instant(alert.sent)),
        _tag("status", alert.status),
        _tag("msgType", alert.type),
        _some("source", alert.source),
        _tag("scope", alert.scope),
        _some("restriction", alert.restriction),
        _some("addresses", alert.addresses),
        *(_tag("code", one) for one in alert.codes),
        _some("note", alert.note),
        _some("references", " ".join(map(write_reference, alert.references))),
        _some("incidents", alert.incidents),
        *(_inside("info", _info_parts(one)) for one in alert.infos),
    ]
    body = "".join(parts)
    text = f'<?xml version="1.0" encoding="UTF-8"?>\n<alert xmlns="{SPACE}">{body}</alert>\n'
    return text.encode()


def write_reference(one: Reference) -> str:
    """`sender,identifier,sent`."""
    return f"{one.sender},{one.identifier},{instant(one.sent)}"


def instant(at: datetime) -> str:
    """An instant to the second with its offset: `2026-11-24T14:00:00+08:00`."""
    text = at.isoformat(timespec="seconds")
    return at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S-00:00") if not _has_offset(at) else text


def _has_offset(at: datetime) -> bool:
    offset = at.utcoffset()
    # An offset of seconds (a zone before 1900) has no place in a CAP time.
    return offset is not None and bool(offset) and offset.total_seconds() % 60 == 0


def _info_parts(info: Info) -> Iterable[str]:
    times: Sequence[tuple[str, datetime | None]] = (
        ("effective", info.effective),
        ("onset", info.onset),
        ("expires", info.expires),
    )
    return [
        _tag("language", info.language),
        *(_tag("category", one) for one in info.categories),
        _tag("event", info.event),
        *(_tag("responseType", one) for one in info.responses),
        _tag("urgency", info.urgency),
        _tag("severity", info.severity),
        _tag("certainty", info.certainty),
        _some("audience", info.audience),
        *(_named("eventCode", pair) for pair in info.codes),
        *(_tag(name, instant(at)) for name, at in times if at is not None),
        _some("senderName", info.sender_name),
        _some("headline", info.headline),
        _some("description", info.description),
        _some("instruction", info.instruction),
        _some("web", info.web),
        _some("contact", info.contact),
        *(_named("parameter", pair) for pair in info.parameters),
        *(_inside("resource", _resource_parts(one)) for one in info.resources),
        *(_inside("area", _area_parts(one)) for one in info.areas),
    ]


def _resource_parts(one: Resource) -> Iterable[str]:
    return [
        _tag("resourceDesc", one.description),
        _tag("mimeType", one.mime_type),
        _some("size", "" if one.size is None else str(one.size)),
        _some("uri", one.uri),
        _some("digest", one.digest),
    ]


def _area_parts(one: Area) -> Iterable[str]:
    return [
        _tag("areaDesc", one.description),
        *(
            _tag("polygon", " ".join(f"{_degrees(lat)},{_degrees(lon)}" for lat, lon in ring))
            for ring in one.polygons
        ),
        *(
            _tag("circle", f"{_degrees(lat)},{_degrees(lon)} {_degrees(radius)}")
            for lat, lon, radius in one.circles
        ),
        *(_named("geocode", pair) for pair in one.geocodes),
        _some("altitude", "" if one.altitude_ft is None else _degrees(one.altitude_ft)),
        _some("ceiling", "" if one.ceiling_ft is None else _degrees(one.ceiling_ft)),
    ]


def _degrees(value: float) -> str:
    """Six decimals (a tenth of a metre), without what is not needed; never an exponent."""
    text = f"{value:.6f}".rstrip("0").rstrip(".")
    return "0" if text in ("-0", "") else text


def _named(name: str, pair: tuple[str, str]) -> str:
    return _inside(name, [_tag("valueName", pair[0]), _tag("value", pair[1])])


def _inside(name: str, parts: Iterable[str]) -> str:
    return f"<{name}>{''.join(parts)}</{name}>"


def _tag(name: str, text: str) -> str:
    plain = _NO_TEXT.sub("", text.replace("\r\n", "\n").replace("\r", "\n"))
    return f"<{name}>{escape(plain)}</{name}>"


def _some(name: str, text: str) -> str:
    return _tag(name, text) if text else ""
