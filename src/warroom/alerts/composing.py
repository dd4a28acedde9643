"""From what a person wrote to an alert of CAP 1.2. Pure."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from warroom.alerts.contracts import (
    CATEGORIES,
    CERTAINTIES,
    RESPONSES,
    SEVERITIES,
    URGENCIES,
    Alert,
    Area,
    DraftKind,
    Fields,
    Info,
    Point,
    Words,
)

ISSUED_AS = ("Actual", "Exercise", "Test")
CODES = "Kemendagri"
"""What a code of an area is called in `geocode`."""
RADIUS_MOST_KM = 200.0


@dataclass(frozen=True, slots=True)
class Issuer:
    """Who warns.

    Attributes:
        sender: Of CAP: one word that is ours alone.
        name: As people read it.
        language: Of the first block.
    """

    sender: str
    name: str
    language: str = "id"


type Outlines = Mapping[str, tuple[str, tuple[tuple[Point, ...], ...]]]
"""Kecamatan by code: name and outlines, each closed."""


def lacking(fields: Fields, kind: DraftKind, outlines: Outlines, now: datetime) -> list[str]:
    """The fields without which an alert is not issued; empty when it may be.

    A cancel needs its reason alone: everything else is what it cancels.
    """
    if kind == "Cancel":
        return [] if fields.note.strip() else ["note"]
    found = [
        name
        for name in ("event", "headline", "description")
        if not getattr(fields.id, name).strip()
    ]
    if fields.en.headline.strip() and not fields.en.event.strip():
        found.append("event_en")
    for name, known in (
        ("category", CATEGORIES),
        ("urgency", URGENCIES),
        ("severity", SEVERITIES),
        ("certainty", CERTAINTIES),
        ("status", ISSUED_AS),
    ):
        if getattr(fields, name) not in known:
            found.append(name)
    if not set(fields.responses) <= set(RESPONSES):
        found.append("responses")
    if fields.expires is None or fields.expires <= max(now, fields.starts_at or now):
        found.append("expires")
    if not _has_place(fields, outlines):
        found.append("area")
    return found


def _has_place(fields: Fields, outlines: Outlines) -> bool:
    if not (fields.rings or fields.circle or fields.districts):
        return False
    if any(len(set(ring)) < 3 for ring in fields.rings):
        return False
    if fields.circle is not None and not 0 < fields.circle[2] <= RADIUS_MOST_KM:
        return False
    return all(code in outlines for code in fields.districts)


def compose(
    fields: Fields,
    kind: DraftKind,
    issuer: Issuer,
    outlines: Outlines,
    previous: Alert | None,
    stamp: tuple[str, datetime],
) -> Alert:
    """The alert that is issued; `lacking` must have found nothing.

    An update names every message before it, so that one who missed one of them ends them all. A
    cancel says again what it cancels, as past, with the reason in front.

    Args:
        fields: What was written.
        kind: Alert, Update or Cancel.
        issuer: Who warns.
        outlines: Of the kecamatan of the city.
        previous: What it updates or cancels; None for a first alert.
        stamp: Its identifier, and when it is sent, in the zone that people live in.
    """
    identifier, now = stamp
    sent = now.replace(microsecond=0)
    references = (*previous.references, previous.reference) if previous else ()
    made = Alert(
        identifier=identifier,
        sender=issuer.sender,
        sent=sent,
        status=previous.status if previous else fields.status,
        type=kind,
        note=fields.note.strip() if kind == "Cancel" else "",
        references=references,
    )
    if kind == "Cancel" and previous is not None:
        return replace(made, infos=tuple(_ended(one, fields.note) for one in previous.infos))
    blocks = [(issuer.language, fields.id), ("en", fields.en)]
    area = _area(fields, outlines)
    return replace(
        made,
        infos=tuple(
            _info(fields, words, language, issuer, area, sent)
            for language, words in blocks
            if words.headline.strip()
        ),
    )


def _ended(info: Info, note: str) -> Info:
    return replace(
        info,
        responses=("AllClear",),
        urgency="Past",
        description="\n".join(filter(None, (note.strip(), info.description))),
        instruction="",
    )


def _info(
    fields: Fields, words: Words, language: str, issuer: Issuer, area: Area, sent: datetime
) -> Info:
    def local(at: datetime | None) -> datetime | None:
        return at and at.astimezone(sent.tzinfo).replace(microsecond=0)

    return Info(
        event=words.event.strip(),
        categories=(fields.category,),
        urgency=fields.urgency,
        severity=fields.severity,
        certainty=fields.certainty,
        language=language,
        responses=tuple(dict.fromkeys(fields.responses)),
        effective=sent,
        onset=local(fields.starts_at),
        expires=local(fields.expires),
        sender_name=issuer.name,
        headline=" ".join(words.headline.split()),
        description=words.description.strip(),
        instruction=words.instruction.strip(),
        web=fields.web.strip(),
        contact=fields.contact.strip(),
        areas=(area,),
    )


def _area(fields: Fields, outlines: Outlines) -> Area:
    chosen = [outlines[code] for code in fields.districts]
    names = ", ".join(name for name, _ in chosen)
    return Area(
        description=fields.area_name.strip() or names or "-",
        polygons=(
            *(_closed(ring) for ring in fields.rings),
            *(ring for _, rings in chosen for ring in rings),
        ),
        circles=(fields.circle,) if fields.circle is not None else (),
        geocodes=tuple((CODES, code) for code in fields.districts),
    )


def _closed(ring: Sequence[Point]) -> tuple[Point, ...]:
    points = tuple((round(lat, 6), round(lon, 6)) for lat, lon in ring)
    return points if points[0] == points[-1] else (*points, points[0])
