"""Claims about the caller's place in an INVITE (RFC 4119, 5491, 6442)."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.calls.sip.lines import SDP, invite, request
from warroom.calls.sip.fields import MalformedError
from warroom.calls.sip.location import (
    Place,
    description_of,
    parts_of,
    place_of,
    read_place,
    reference_of,
)
from warroom.calls.sip.message import parse

CIRCLE = """<?xml version="1.0" encoding="UTF-8"?>
<presence xmlns="urn:ietf:params:xml:ns:pidf" xmlns:gp="urn:ietf:params:xml:ns:pidf:geopriv10"
  xmlns:gml="http://www.opengis.net/gml" xmlns:gs="http://www.opengis.net/pidflo/1.0"
  xmlns:con="urn:ietf:params:xml:ns:geopriv:conf" entity="pres:caller@example.com">
 <tuple id="t1"><status><gp:geopriv><gp:location-info>
  <gs:Circle srsName="urn:ogc:def:crs:EPSG::4326"><gml:pos>-5.1353 119.4238</gml:pos>
   <gs:radius uom="urn:ogc:def:uom:EPSG::9001">18</gs:radius></gs:Circle>
  <con:confidence pdf="normal">95</con:confidence>
 </gp:location-info><gp:usage-rules/><gp:method>GPS</gp:method></gp:geopriv></status></tuple>
</presence>"""

POINT = CIRCLE.replace("gs:Circle", "gml:Point")
POINT = POINT[: POINT.index("<gs:radius")] + POINT[POINT.index("</gml:Point>") :]


def with_place(document: str, *, cid: str = "loc@a", named: str = "cid:loc@a") -> str:
    body = (
        f"--b1\r\nContent-Type: application/sdp\r\n\r\n{SDP}\r\n"
        f"--b1\r\nContent-Type: application/pidf+xml\r\nContent-ID: <{cid}>\r\n\r\n"
        f"{document}\r\n--b1--\r\n"
    )
    headers = f"Geolocation: <{named}>\r\nContent-Type: multipart/mixed; boundary=b1\r\n"
    return request("INVITE", body=body, extra=headers)


def test_a_circle_beside_the_description_is_the_callers_place() -> None:
    message = parse(with_place(CIRCLE).encode())

    assert Place(-5.1353, 119.4238, 18.0, 95.0, "GPS") == place_of(message)
    assert SDP.strip() == description_of(message).decode().strip()


def test_a_point_has_no_radius() -> None:
    place = read_place(POINT.encode())

    assert place is not None
    assert (-5.1353, 119.4238, None) == (place.latitude, place.longitude, place.radius_m)


@pytest.mark.parametrize("radius", ["1e99", "-1", "99999999"])
def test_a_radius_that_no_place_on_earth_has_is_none(radius: str) -> None:
    place = read_place(CIRCLE.replace(">18<", f">{radius}<").encode())

    assert place is not None
    assert (-5.1353, None) == (place.latitude, place.radius_m)


@pytest.mark.parametrize(("told", "kept"), [("1e-99", 0.0), ("12.34", 12.3)])
def test_a_radius_is_kept_to_a_decimetre(told: str, kept: float) -> None:
    place = read_place(CIRCLE.replace(">18<", f">{told}<").encode())

    assert place is not None
    assert kept == place.radius_m


@pytest.mark.parametrize(("told", "kept"), [("1e99", None), ("-5", None), ("1e-99", 0.0)])
def test_a_confidence_is_a_percentage(told: str, kept: float | None) -> None:
    place = read_place(CIRCLE.replace(">95<", f">{told}<").encode())

    assert place is not None
    assert kept == place.confidence


def test_the_part_that_the_header_names_comes_first() -> None:
    other = CIRCLE.replace("-5.1353", "-5.9")
    text = with_place(other, cid="other@a")
    part = f"--b1\r\nContent-Type: application/pidf+xml\r\nContent-ID: <loc@a>\r\n\r\n{CIRCLE}\r\n"
    head, _, body = text.partition("\r\n\r\n")
    body = body.replace("--b1--", part + "--b1--")
    lines = [line for line in head.split("\r\n") if not line.startswith("Content-Length")]

    place = place_of(parse(("\r\n".join(lines) + "\r\n\r\n" + body).encode()))

    assert place is not None
    assert -5.1353 == place.latitude


def test_a_place_by_reference_is_kept_and_not_fetched() -> None:
    message = parse(invite(extra="Geolocation: <https://lis.example/x?y=1>\r\n").encode())

    assert None is place_of(message)
    assert "https://lis.example/x?y=1" == reference_of(message)


@pytest.mark.parametrize(
    "document",
    [
        '<!DOCTYPE a [<!ENTITY x "y">]>' + CIRCLE[CIRCLE.index("<presence") :],
        '<!DOCTYPE a SYSTEM "file:///etc/passwd">' + CIRCLE[CIRCLE.index("<presence") :],
        CIRCLE.replace("18<", "&x;<"),
        CIRCLE.replace("-5.1353", "-95.1"),
        CIRCLE.replace("119.4238", "nan"),
        CIRCLE.replace("119.4238", ""),
        CIRCLE.replace("EPSG::4326", "EPSG::23840"),
        CIRCLE[:200],
        "<a>" * 100 + "</a>" * 100,
        "<a>" + "<b/>" * 3000 + "</a>",
        "",
    ],
)
def test_a_document_that_cannot_be_trusted_gives_no_place(document: str) -> None:
    assert None is read_place(document.encode())


def test_a_doctype_in_another_encoding_is_refused_too() -> None:
    text = '<!DOCTYPE a [<!ENTITY x "y">]>' + CIRCLE[CIRCLE.index("<presence") :]

    assert None is read_place(text.encode("utf-16"))


def test_a_place_that_cannot_be_read_does_not_hide_the_description() -> None:
    message = parse(with_place("<broken").encode())

    assert None is place_of(message)
    assert description_of(message)


def test_multipart_without_a_boundary_is_malformed() -> None:
    message = parse(request("INVITE", body="x", extra="Content-Type: multipart/mixed\r\n").encode())

    with pytest.raises(MalformedError):
        parts_of(message)


@given(st.binary(max_size=300))
def test_no_document_raises(document: bytes) -> None:
    assert None is read_place(document)
