"""What an alert still says, where, and what it does to others."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta, timezone

from hypothesis import assume, given
from hypothesis import strategies as st

from warroom.alerts import rules
from warroom.alerts.contracts import Alert, Area, Info, Reference

NOW = datetime(2026, 11, 24, 6, tzinfo=UTC)
DAY = timedelta(days=1)
INFO = Info("Banjir", ("Met",), "Immediate", "Severe", "Likely", expires=NOW + timedelta(hours=2))
ALERT = Alert("a1", "kota@example", NOW, "Actual", "Alert", infos=(INFO,))
SQUARE = ((-5.2, 119.3), (-5.2, 119.5), (-5.0, 119.5), (-5.0, 119.3), (-5.2, 119.3))


def test_only_actual_alerts_and_updates_are_ever_in_force() -> None:
    in_force = {
        (status, kind)
        for status in ("Actual", "Exercise", "System", "Test", "Draft")
        for kind in ("Alert", "Update", "Cancel", "Ack", "Error")
        if rules.standing_of(replace(ALERT, status=status, type=kind), DAY).is_actual
    }

    assert {("Actual", "Alert"), ("Actual", "Update")} == in_force


def test_an_alert_holds_as_long_as_its_longest_block_and_is_as_grave_as_its_gravest() -> None:
    later = replace(INFO, expires=NOW + timedelta(hours=5), severity="Extreme", onset=NOW + DAY)
    standing = rules.standing_of(replace(ALERT, infos=(INFO, later)), DAY)

    assert NOW + timedelta(hours=5) == standing.until
    assert "Extreme" == standing.severity
    assert NOW == standing.starts_at


def test_one_that_does_not_say_until_when_holds_for_what_the_city_says() -> None:
    standing = rules.standing_of(replace(ALERT, infos=(replace(INFO, expires=None),)), DAY)

    assert NOW + DAY == standing.until


def test_nobody_takes_back_what_another_said() -> None:
    theirs = Reference("lain@example", "a1", NOW)
    cancel = replace(
        ALERT, identifier="a2", type="Cancel", references=(theirs, ALERT.reference), infos=()
    )

    assert (rules.key_of(ALERT.reference),) == rules.standing_of(cancel, DAY).ended


def test_a_message_is_the_same_whatever_offset_its_time_has() -> None:
    there = replace(ALERT.reference, sent=NOW.astimezone(timezone(timedelta(hours=8))))

    assert rules.key_of(ALERT.reference) == rules.key_of(there)


def test_a_place_on_the_rim_lies_in_the_area_and_one_beside_does_not() -> None:
    area = Area("Kota", (SQUARE,))

    assert rules.holds_at(area, (-5.1, 119.4))
    assert rules.holds_at(area, (-5.2, 119.4))
    assert rules.holds_at(area, (-5.2, 119.3))
    assert not rules.holds_at(area, (-5.21, 119.4))
    assert not rules.holds_at(area, (-5.1, 119.51))


LATS = st.floats(-60, 60)
LONS = st.floats(-170, 170)
KMS = st.floats(0.1, 200)


@given(LATS, LONS, KMS, st.floats(0, 6.28), st.floats(0, 0.99))
def test_what_lies_in_a_circle_lies_in_its_box_and_about_in_its_ring(
    lat: float, lon: float, km: float, turn: float, part: float
) -> None:
    area = Area("x", circles=((lat, lon, km),))
    box = rules.box_of([area])
    ring = rules.circle_ring(lat, lon, km)
    at = int(turn / 6.2832 * 64)
    point = (lat + (ring[at][0] - lat) * part, lon + (ring[at][1] - lon) * part)
    assume(rules.distance_km(point, (lat, lon)) <= km)

    assert box is not None
    assert rules.holds_at(area, point)
    assert box[0] <= point[1] <= box[2]
    assert box[1] <= point[0] <= box[3]


def test_an_area_without_outline_has_no_box_and_holds_no_place() -> None:
    area = Area("Makassar", geocodes=(("Kemendagri", "73.71"),))

    assert rules.box_of([area]) is None
    assert not rules.holds_at(area, (-5.1, 119.4))


def test_a_reader_gets_their_language_else_english_else_what_there_is() -> None:
    blocks = tuple(replace(INFO, language=one) for one in ("fr", "en-GB", "id-ID"))

    assert blocks[2] == rules.info_for(blocks, "id")
    assert blocks[1] == rules.info_for(blocks, "en")
    assert blocks[1] == rules.info_for(blocks[:2], "id")
    assert blocks[0] == rules.info_for(blocks[:1], "id")
    assert rules.info_for((), "id") is None
