"""The standard: what is read, what is refused, and that what is written is read as it was."""

from contextlib import suppress
from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from warroom.alerts import contracts as words
from warroom.alerts.cap import SPACE, instant, problems, read_alert, write_alert
from warroom.alerts.contracts import Alert, Area, Info, Reference, Resource
from warroom.alerts.errors import BadAlertError
from warroom.alerts.xml_tree import MOST_BYTES

BMKG = f"""<?xml version="1.0" encoding="UTF-8"?>
<alert xmlns="{SPACE}">
  <identifier>2.49.0.1.360.0.2026.11.24.14.00.73</identifier>
  <sender>nowcasting@bmkg.go.id</sender>
  <sent>2026-11-24T14:00:00+08:00</sent>
  <status>Actual</status><msgType>Alert</msgType><scope>Public</scope>
  <info>
    <language>id</language><category>Met</category>
    <event>Hujan Lebat dan Petir</event>
    <urgency>Immediate</urgency><severity>Moderate</severity><certainty>Observed</certainty>
    <effective>2026-11-24T14:10:00+08:00</effective><expires>2026-11-24T17:00:00+08:00</expires>
    <senderName>BMKG</senderName>
    <headline>Hujan Lebat disertai Petir di Sulawesi Selatan</headline>
    <description>Berpotensi hujan &lt;lebat&gt; &amp; petir.</description>
    <area><areaDesc>Makassar</areaDesc>
      <polygon>-5.2,119.3 -5.2,119.5 -5.0,119.5 -5.0,119.3 -5.2,119.3</polygon>
      <geocode><valueName>Kemendagri</valueName><value>73.71</value></geocode>
    </area>
  </info>
  <info>
    <language>en</language><category>Met</category><event>Thunderstorm</event>
    <urgency>Immediate</urgency><severity>Moderate</severity><certainty>Very Likely</certainty>
    <area><areaDesc>Makassar</areaDesc><circle>-5.14,119.42 12.5</circle></area>
  </info>
</alert>"""


def test_an_alert_as_bmkg_writes_it_is_read() -> None:
    read = read_alert(BMKG.encode())

    first, second = read.alert.infos
    assert () == read.remarks
    assert datetime(2026, 11, 24, 6, 0, tzinfo=UTC) == read.alert.sent
    assert "Berpotensi hujan <lebat> & petir." == first.description
    assert (("Kemendagri", "73.71"),) == first.areas[0].geocodes
    assert 5 == len(first.areas[0].polygons[0])
    assert ((-5.14, 119.42, 12.5),) == second.areas[0].circles
    assert "Likely" == second.certainty


@pytest.mark.parametrize(
    ("old", "new", "remark"),
    [
        ("14:00:00+08:00</sent>", "06:00:00Z</sent>", "time:sent Z"),
        ("14:00:00+08:00</sent>", "14:00:00.250+08:00</sent>", "time:sent .250"),
        (" -5.2,119.3</polygon>", "</polygon>", "ring:not closed"),
        ("cap:1.2", "cap:1.1", "version:1.1"),
        (
            "<urgency>Imm",
            "<responseType>Run</responseType><urgency>Imm",
            "responseType:Run",
        ),
    ],
)
def test_what_leaves_no_doubt_is_let_pass_with_a_remark(old: str, new: str, remark: str) -> None:
    read = read_alert(BMKG.replace(old, new, 1).encode())

    assert (remark,) == read.remarks
    assert datetime(2026, 11, 24, 6, 0, tzinfo=UTC) == read.alert.sent
    assert [] == problems(read.alert)


@pytest.mark.parametrize(
    ("old", "new", "problem", "detail"),
    [
        ("<sent>2026-11-24T14:00:00+08:00</sent>", "", "missing", "sent"),
        ("14:00:00+08:00</sent>", "14:00:00</sent>", "bad", "sent"),
        ("2026-11-24T14:00:00+08:00</sent>", "2026-02-30T14:00:00+08:00</sent>", "bad", "sent"),
        ("<identifier>2.49", "<identifier>2 49", "rule", "identifier"),
        ("nowcasting@bmkg.go.id", "nowcasting,bmkg", "rule", "sender"),
        ("nowcasting@bmkg.go.id", "now&lt;casting", "rule", "sender"),
        ("<status>Actual", "<status>Real", "rule", "status"),
        ("<msgType>Alert", "<msgType>Update", "rule", "references"),
        ("<msgType>Alert", "<msgType>Shout", "rule", "msgType"),
        ("<scope>Public", "<scope>Private", "rule", "addresses"),
        ("<event>Hujan Lebat dan Petir</event>", "", "rule", "info.0.event"),
        ("<category>Met</category>", "<category>Rain</category>", "rule", "info.0.category"),
        ("<severity>Moderate", "<severity>Bad", "rule", "info.0.severity"),
        ("<areaDesc>Makassar</areaDesc>", "", "rule", "info.0.area.0.areaDesc"),
        ("-5.2,119.5", "-95.2,119.5", "rule", "info.0.area.0.polygon"),
        ("-5.2,119.5", "-5.2", "bad", "polygon"),
        ("-5.2,119.5", "nan,119.5", "bad", "polygon"),
        ("-5.14,119.42 12.5", "-5.14,119.42 -1", "rule", "info.1.area.0.circle"),
        ("-5.14,119.42 12.5", "-5.14,119.42", "bad", "circle"),
        (f'xmlns="{SPACE}"', 'xmlns="urn:other"', "no_alert", "urn:other alert"),
        ("</alert>", "", "no_xml", ""),
        ('encoding="UTF-8"', 'encoding="EBCDIC-9"', "no_xml", ""),
    ],
)
def test_what_would_have_to_be_guessed_is_refused_with_where(
    old: str, new: str, problem: str, detail: str
) -> None:
    assert old in BMKG

    with pytest.raises(BadAlertError) as caught:
        read_alert(BMKG.replace(old, new, 1).encode())

    assert problem == caught.value.params["problem"]
    assert caught.value.params["detail"].startswith(detail)


@pytest.mark.parametrize(
    "prolog",
    [
        '<!DOCTYPE alert [<!ENTITY a "aaaa"><!ENTITY b "&a;&a;&a;&a;">]>',
        '<!DOCTYPE alert [<!ENTITY x SYSTEM "file:///etc/passwd">]>',
        '<!DOCTYPE alert SYSTEM "http://127.0.0.1/x.dtd">',
        '<!DOCTYPE alert [<!ENTITY % p SYSTEM "http://127.0.0.1/x"> %p;]>',
        "<!DOCTYPE alert>",
    ],
)
def test_a_document_type_ends_the_reading_before_it_means_anything(prolog: str) -> None:
    with pytest.raises(BadAlertError) as caught:
        read_alert(BMKG.replace("?>", "?>" + prolog, 1).encode())

    assert "doctype" == caught.value.params["problem"]


@pytest.mark.parametrize(
    ("content", "problem"),
    [
        (b" " * (MOST_BYTES + 1), "too_large"),
        (b"<a>" * 100 + b"</a>" * 100, "too_deep"),
        (b"<a>" + b"<b/>" * 60_000 + b"</a>", "too_deep"),
        (b"", "no_xml"),
        (b"\xff\xfe\x00", "no_xml"),
        (b'{"alert": 1}', "no_xml"),
    ],
)
def test_what_is_too_much_or_no_xml_is_refused(content: bytes, problem: str) -> None:
    with pytest.raises(BadAlertError) as caught:
        read_alert(content)

    assert problem == caught.value.params["problem"]


@given(st.binary(max_size=300))
def test_no_bytes_break_the_reader_otherwise(content: bytes) -> None:
    with pytest.raises(BadAlertError):
        read_alert(content)


@given(st.integers(0, len(BMKG) - 1), st.characters())
def test_a_changed_letter_is_read_or_refused(at: int, letter: str) -> None:
    text = BMKG[:at] + letter + BMKG[at + 1 :]
    with suppress(BadAlertError):
        assert [] == problems(read_alert(text.encode("utf-8", "replace")).alert)


OFFSETS = st.integers(-14 * 4, 14 * 4).map(lambda n: timezone(timedelta(minutes=15 * n)))
TIMES = st.builds(datetime.fromtimestamp, st.integers(800_000_000, 4_000_000_000), OFFSETS)
LETTERS = st.characters(codec="utf-8", exclude_categories=("Cc", "Cs", "Cn"))
TEXTS = st.text(LETTERS, max_size=60).map(str.strip)
FULL = TEXTS.filter(bool)
NAMES = st.text(st.characters(codec="ascii", min_codepoint=33), min_size=1, max_size=40).map(
    lambda text: "".join(c for c in text if c not in ",<&\x7f") or "x"
)
DEGREES = st.integers(-90_000_000, 90_000_000).map(lambda n: n / 1e6)
POINTS = st.tuples(DEGREES, DEGREES)
RINGS = st.lists(POINTS, min_size=3, max_size=8).map(lambda points: (*points, points[0]))
REFERENCES = st.builds(Reference, NAMES, NAMES, TIMES)
PAIRS = st.lists(st.tuples(FULL, TEXTS), max_size=2).map(tuple)
AREAS = st.builds(
    Area,
    description=FULL,
    polygons=st.lists(RINGS, max_size=2).map(tuple),
    circles=st.lists(
        st.tuples(DEGREES, DEGREES, st.integers(0, 20_000).map(float)), max_size=2
    ).map(tuple),
    geocodes=PAIRS,
    altitude_ft=st.none() | st.integers(0, 60_000).map(float),
)
INFOS = st.builds(
    Info,
    event=FULL,
    categories=st.lists(st.sampled_from(words.CATEGORIES), min_size=1, max_size=2).map(tuple),
    urgency=st.sampled_from(words.URGENCIES),
    severity=st.sampled_from(words.SEVERITIES),
    certainty=st.sampled_from(words.CERTAINTIES),
    language=st.sampled_from(["id", "en", "id-ID"]),
    responses=st.lists(st.sampled_from(words.RESPONSES), max_size=2).map(tuple),
    audience=TEXTS,
    effective=st.none() | TIMES,
    onset=st.none() | TIMES,
    expires=st.none() | TIMES,
    sender_name=TEXTS,
    headline=TEXTS,
    description=TEXTS,
    instruction=TEXTS,
    web=TEXTS,
    contact=TEXTS,
    codes=PAIRS,
    parameters=PAIRS,
    resources=st.lists(
        st.builds(Resource, FULL, FULL, TEXTS, st.none() | st.integers(0, 10**9), TEXTS), max_size=1
    ).map(tuple),
    areas=st.lists(AREAS, max_size=2).map(tuple),
)
ALERTS = st.builds(
    Alert,
    identifier=NAMES,
    sender=NAMES,
    sent=TIMES,
    status=st.sampled_from(words.STATUSES),
    type=st.sampled_from(["Alert", "Update", "Cancel", "Ack"]),
    scope=st.just("Public"),
    source=TEXTS,
    codes=st.lists(FULL, max_size=2).map(tuple),
    note=TEXTS,
    references=st.lists(REFERENCES, min_size=1, max_size=3).map(tuple),
    incidents=TEXTS,
    infos=st.lists(INFOS, max_size=2).map(tuple),
)


@given(ALERTS)
def test_what_is_written_is_read_as_it_was_and_breaks_no_rule(alert: Alert) -> None:
    written = write_alert(alert)
    read = read_alert(written)

    assert alert == read.alert
    assert () == read.remarks
    assert written == write_alert(read.alert)


@given(TIMES)
def test_a_time_has_an_offset_and_never_a_z_or_a_fraction(at: datetime) -> None:
    text = instant(at)

    assert 25 == len(text)
    assert "Z" not in text
    assert "+00:00" not in text
    assert at == datetime.fromisoformat(text)


def test_universal_time_is_written_as_minus_zero() -> None:
    assert "2026-11-24T06:00:00-00:00" == instant(datetime(2026, 11, 24, 6, tzinfo=UTC))


@pytest.mark.parametrize("name", ["a b", "a,b", "a<b", "a&b", "a\tb", ""])
def test_a_name_with_a_sign_that_the_standard_forbids_is_not_written(name: str) -> None:
    alert = Alert(name, "kota@example", datetime(2026, 11, 24, tzinfo=UTC), "Actual", "Alert")

    with pytest.raises(BadAlertError):
        write_alert(alert)


def test_a_time_with_a_fraction_is_not_written() -> None:
    at = datetime(2026, 11, 24, 6, 0, 0, 5, tzinfo=UTC)

    with pytest.raises(BadAlertError):
        write_alert(Alert("a", "b", at, "Actual", "Alert"))


def test_signs_of_markup_in_a_headline_are_escaped_and_control_signs_left_out() -> None:
    info = Info("Banjir", ("Met",), "Past", "Minor", "Observed", headline="A & B <C>\x01, d\x00")
    alert = Alert("a", "b", datetime(2026, 11, 24, tzinfo=UTC), "Actual", "Alert", infos=(info,))

    written = write_alert(alert)

    assert b"<headline>A &amp; B &lt;C&gt;, d</headline>" in written
    assert "A & B <C>, d" == read_alert(written).alert.infos[0].headline
