"""An incident as another emergency centre reads it: EIDO-JSON (NENA-STA-021.1). Pure.

What a note says to its agency or to the police alone stays here. The members that the standard
requires are checked by our own table (`lacks`): the standard's schema is not ours to ship.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from html import escape, unescape
from typing import Any
from xml.sax.saxutils import escape as escape_xml

from warroom.incidents.errors import BadEidoError

VERSION = "1.0"

_PROLOGUE = ("$id", "lastUpdateTimeStamp", "updatedByAgencyReference")
_REQUIRED: Mapping[str, Sequence[str]] = {
    "agencyComponent": ("agencyRoleDescriptionRegistryText", "agencyType"),
    "notesComponent": ("notesActionComments",),
    "locationComponent": ("locationTypeDescriptionRegistryText",),
    "callbackComponent": ("callBackInformationUri",),
    "mergeComponent": ("incidentMergeDirectionCode", "incidentTrackingIdentifier"),
    "linkComponent": ("incidentTrackingIdentifier", "linkDirectionCode"),
}
_WHOLE = (*_PROLOGUE, "eidoVersion", "issuingElementIdentification", "agencyComponent")
_INCIDENT = (*_PROLOGUE, "incidentTypeCommonRegistryText")

_AGENCY_TYPES = {"fire": "fire", "police": "police", "health": "ambulance"}
"""Of IANA's `urn:emergency:service:responder` registry; every other agency is `local`."""


def project(
    shown: Mapping[str, Any], *, apco: str | None, domain: str, phone: str | None = None
) -> dict[str, Any]:
    """The incident as an EIDO.

    Args:
        shown: The incident as its asker may read it.
        apco: Common code of its type; None where it has none yet.
        domain: By which this city is known to others; part of every id.
        phone: Number to call back; None where none was left.
    """
    maker = _Maker(domain, shown)
    notes = [one for one in shown["notes"] if one["visibility"] == "all"]
    body = {
        **maker.prologue(maker.urn("incidentid", shown["number"] or shown["id"])),
        "eidoVersion": VERSION,
        "issuingElementIdentification": domain,
        "incidentComponent": _incident(maker, apco, notes),
        "agencyComponent": [_agency(maker, one) for one in shown["agencies"]],
        "notesComponent": [_note(maker, one) for one in notes],
        "locationComponent": _location(maker),
        "callbackComponent": _callback(maker, phone),
        "mergeComponent": [_merged(maker, one) for one in shown["merged"]],
        "linkComponent": [_linked(maker, one) for one in shown["links"]],
    }
    return {name: value for name, value in body.items() if value != []}


class _Maker:
    """What every component of one EIDO shares."""

    def __init__(self, domain: str, shown: Mapping[str, Any]) -> None:
        self.domain, self.shown = domain, shown

    def urn(self, sort: str, word: str) -> str:
        return f"urn:emergency:uid:{sort}:{word}:{self.domain}"

    def prologue(
        self, name: str, at: str | None = None, agency: str | None = None
    ) -> dict[str, Any]:
        return {
            "$id": name,
            "lastUpdateTimeStamp": _instant(at or self.shown["since"]),
            "updatedByAgencyReference": {
                "$ref": self.agency(agency or self.shown["lead"]["short"])
            },
        }

    def agency(self, short: str) -> str:
        word = "-".join("".join(c if c.isalnum() else " " for c in short.lower()).split())
        return f"{word}.{self.domain}"

    def part(self, word: str) -> str:
        return f"{self.shown['id']}-{word}"


def _instant(text: str) -> str:
    return datetime.fromisoformat(text).isoformat(timespec="milliseconds")


def _incident(
    maker: _Maker, apco: str | None, notes: Sequence[Mapping[str, Any]]
) -> dict[str, Any]:
    shown = maker.shown
    told = {
        **maker.prologue(maker.part("incident")),
        "incidentTypeCommonRegistryText": apco or "OTHER",
        "incidentTypeInternalCode": shown["type"],
        "incidentTypeInternalText": shown["event"] or None,
        "incidentStatusInternalText": [shown["state"]],
        "internalIncidentId": shown["number"],
        "incidentCommonPriorityNumber": shown["priority"],
        "locationReference": [{"$ref": maker.part("place")}] if shown["lat"] is not None else None,
        "notesReference": [{"$ref": one["id"]} for one in notes] or None,
    }
    return {name: value for name, value in told.items() if value is not None}


def _agency(maker: _Maker, one: Mapping[str, Any]) -> dict[str, Any]:
    is_lead = one["id"] == maker.shown["lead"]["id"]
    return {
        **maker.prologue(maker.agency(one["short"])),
        "agencyRoleDescriptionRegistryText": ["Dispatching" if is_lead else "Responding"],
        "agencyType": [_AGENCY_TYPES.get(one["kind"], "local")],
        "incidentOwningAgencyIndicator": is_lead,
    }


def _note(maker: _Maker, one: Mapping[str, Any]) -> dict[str, Any]:
    return {
        **maker.prologue(one["id"], one["happened_at"], one["agency"]),
        "notesActionComments": escape(one["text"]),
    }


def _location(maker: _Maker) -> list[dict[str, Any]]:
    """The chosen place as a PIDF-LO with a point in WGS 84 (RFC 5491)."""
    shown = maker.shown
    if shown["lat"] is None:
        return []
    text = ", ".join(filter(None, (shown["address"], shown["area"])))
    point = (
        '<presence xmlns="urn:ietf:params:xml:ns:pidf"'
        ' xmlns:gp="urn:ietf:params:xml:ns:pidf:geopriv10"'
        ' xmlns:gml="http://www.opengis.net/gml"'
        f' entity="pres:{escape_xml(maker.domain)}"><tuple id="place"><status><gp:geopriv>'
        '<gp:location-info><gml:Point srsName="urn:ogc:def:crs:EPSG::4326">'
        f"<gml:pos>{shown['lat']:.6f} {shown['lon']:.6f}</gml:pos></gml:Point>"
        "</gp:location-info><gp:usage-rules/></gp:geopriv></status></tuple></presence>"
    )
    told = {
        **maker.prologue(maker.part("place")),
        "locationTypeDescriptionRegistryText": "Incident",
        "locationByValue": point,
    }
    return [told | ({"locationDescriptionText": text} if text else {})]


def _callback(maker: _Maker, phone: str | None) -> list[dict[str, Any]]:
    if not phone:
        return []
    number = "".join(c for c in phone if c.isdigit() or c == "+")
    prologue = maker.prologue(maker.part("callback"))
    return [{**prologue, "callBackInformationUri": [f"tel:{number}"]}]


def _merged(maker: _Maker, one: Mapping[str, Any]) -> dict[str, Any]:
    return {
        **maker.prologue(maker.part(f"merge-{one['id']}")),
        "incidentMergeDirectionCode": "REPLACING",
        "incidentTrackingIdentifier": maker.urn("incidentid", one["number"] or one["id"]),
    }


def _linked(maker: _Maker, one: Mapping[str, Any]) -> dict[str, Any]:
    return {
        **maker.prologue(maker.part(f"link-{one['id']}")),
        "linkDirectionCode": str(one["kind"]).upper(),
        "incidentTrackingIdentifier": maker.urn("incidentid", one["number"] or one["id"]),
    }


def lacks(body: Mapping[str, Any]) -> list[str]:
    """Required members that are not there, and references that lead nowhere."""
    found = [name for name in _WHOLE if name not in body]
    if "incidentComponent" in body:
        found += _lacking(body["incidentComponent"], _INCIDENT, "incidentComponent")
    for name, required in _REQUIRED.items():
        for at, one in enumerate(body.get(name, ())):
            found += _lacking(one, (*_PROLOGUE, *required), f"{name}.{at}")
    known = set(_ids(body))
    return found + [f"$ref {one}" for one in _references(body) if one not in known]


def _lacking(one: Mapping[str, Any], required: Sequence[str], where: str) -> list[str]:
    return [f"{where}.{name}" for name in required if name not in one]


def _ids(value: Any) -> list[str]:
    return _all(value, "$id")


def _references(value: Any) -> list[str]:
    return _all(value, "$ref")


def _all(value: Any, name: str) -> list[str]:
    if isinstance(value, Mapping):
        own = [value[name]] if name in value else []
        return own + [found for one in value.values() for found in _all(one, name)]
    if isinstance(value, list):
        return [found for one in value for found in _all(one, name)]
    return []


@dataclass(frozen=True, slots=True)
class Received:
    """What another centre tells of an incident, as far as this one keeps it.

    Attributes:
        reference: Their id of it: the same one told twice is one incident here.
        sender: The element that made it.
        apco: Common code of its type; empty where it is none of ours.
    """

    reference: str
    sender: str
    event: str = ""
    apco: str = ""
    priority: int | None = None
    lat: float | None = None
    lon: float | None = None
    address: str = ""
    phone: str = ""
    notes: tuple[str, ...] = ()


_DEGREES = r"(-?\d{1,3}(?:\.\d{1,15})?)"
_POINT = re.compile(rf"<(?:\w{{1,20}}:)?pos>\s{{0,20}}{_DEGREES}\s{{1,20}}{_DEGREES}")
_TAGS = re.compile(r"<[^<>]{0,200}>")
TEXT_MOST = 200
NOTES_MOST = 50


def read(body: Mapping[str, Any]) -> Received:
    """What an EIDO tells; its XML is searched for a point and never parsed.

    Raises:
        BadEidoError: Required members lack, or one is of another type.
    """
    try:
        if problems := lacks(body):
            raise BadEidoError(problem=", ".join(problems[:5]))
        return _read(body)
    except (AttributeError, KeyError, TypeError, ValueError, RecursionError) as error:
        raise BadEidoError(problem=type(error).__name__) from error


def _read(body: Mapping[str, Any]) -> Received:
    incident: Mapping[str, Any] = body.get("incidentComponent", {})
    priority = incident.get("incidentCommonPriorityNumber")
    wanted = {one["$ref"] for one in incident.get("locationReference", ())}
    places: Sequence[Mapping[str, Any]] = body.get("locationComponent", [])
    # The place of the incident before those of callers.
    chosen = [one for one in places if one["$id"] in wanted]
    place: Mapping[str, Any] = next(iter([*chosen, *places]), {})
    point = _POINT.search(str(place.get("locationByValue", "")))
    lat, lon = (float(point[1]), float(point[2])) if point else (None, None)
    if lat is not None and lon is not None and not (-90 <= lat <= 90 and -180 <= lon <= 180):
        lat = lon = None
    callbacks = body.get("callbackComponent", ())
    uris = [uri for one in callbacks for uri in one["callBackInformationUri"]]
    phones = [uri.removeprefix("tel:") for uri in uris if uri.startswith("tel:")]
    return Received(
        reference=str(body["$id"])[:TEXT_MOST],
        sender=str(body["issuingElementIdentification"])[:TEXT_MOST],
        event=str(incident.get("incidentTypeInternalText", ""))[:TEXT_MOST],
        apco=str(incident.get("incidentTypeCommonRegistryText", "")),
        priority=priority if isinstance(priority, int) and 1 <= priority <= 5 else None,
        lat=lat,
        lon=lon,
        address=str(place.get("locationDescriptionText", ""))[:TEXT_MOST],
        phone=next(iter(phones), "")[:40],
        notes=tuple(_plain(one) for one in body.get("notesComponent", ())[:NOTES_MOST]),
    )


def _plain(note: Mapping[str, Any]) -> str:
    return unescape(_TAGS.sub("", str(note["notesActionComments"])))
