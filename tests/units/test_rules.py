"""What a unit may look like, which fixes are believed, and what devices' forms mean."""

import math
from dataclasses import replace
from typing import Any
from uuid import uuid4

import pytest
from hypothesis import given
from hypothesis import strategies as st

from warroom.units import formats, rules
from warroom.units.contracts import Fix, Freshness, Verdict
from warroom.units.errors import BadFixError, FieldError
from warroom.units.rules import Known, Limits

NOW = 1_800_000_000.0
LIMITS = Limits(NOW, 60.0, NOW - 86_400 * 30, 250.0)
NEW = {"name": " Damkar  1 ", "kind": "engine", "agency_id": uuid4()}


def test_texts_are_tidied_and_words_are_once() -> None:
    draft = rules.merge(None, NEW | {"capabilities": ["Foam", "foam ", "ladder"], "device": ""})

    assert (draft.name, draft.capabilities, draft.device) == ("Damkar 1", ("foam", "ladder"), None)
    assert rules.merge(draft, {"crew": 6}) == replace(draft, crew=6)


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("name", ""), ("name", "x" * 61), ("kind", "Mobil Besar"), ("kind", ""), ("crew", 101),
        ("crew", -1), ("width_m", 0.0), ("width_m", 11.0), ("height_m", 21.0), ("device", "a b"),
        ("device", "x" * 65), ("place", "Mariso"), ("tags", ["a b"]), ("plate", "x" * 21),
        ("capabilities", [f"w{n}" for n in range(33)]), ("notes", "\0"), ("agency_id", None),
    ],
)  # fmt: skip
def test_what_cannot_be_a_unit_is_named(field: str, value: Any) -> None:
    with pytest.raises(FieldError) as caught:
        rules.merge(None, NEW | {field: value})

    assert caught.value.params["field"] == field


def judge_all(*fixes: Fix) -> list[Verdict]:
    known = Known()
    return [rules.judge(known, fix, LIMITS) for fix in fixes]


def test_a_leap_is_refused_until_three_agree() -> None:
    here = [Fix(NOW - 100 + n, -5.14, 119.41) for n in range(2)]
    there = [Fix(NOW - 90 + n, -5.30, 119.60) for n in range(4)]

    assert judge_all(*here, *there) == [
        Verdict.KEPT, Verdict.KEPT, Verdict.JUMP, Verdict.JUMP, Verdict.KEPT, Verdict.KEPT,
    ]  # fmt: skip


def test_leaps_that_disagree_never_move_the_unit() -> None:
    wild = [Fix(NOW - 90 + n, -5.3 if n % 2 else -4.9, 119.6) for n in range(9)]

    assert judge_all(Fix(NOW - 100, -5.14, 119.41), *wild)[1:] == [Verdict.JUMP] * 9


def test_a_vehicle_at_its_fastest_is_believed() -> None:
    per_s = 240 / 3.6 / 111_195
    fixes = [Fix(NOW - 100 + n, -5.14 + n * per_s, 119.41) for n in range(60)]

    assert set(judge_all(*fixes)) == {Verdict.KEPT}


@given(st.lists(st.tuples(st.integers(0, 50), st.floats(-0.01, 0.01)), max_size=40))
def test_only_newer_fixes_move_a_unit_and_every_fix_has_one_verdict(
    told: list[tuple[int, float]],
) -> None:
    known, newest = Known(), -math.inf
    for second, off in told:
        before = known.at_s
        verdict = rules.judge(known, Fix(NOW - 100 + second, -5.14 + off, 119.41), LIMITS)
        assert known.at_s >= before
        assert (verdict is Verdict.KEPT) == (known.at_s > before)
        newest = max(newest, known.at_s)
    assert known.at_s == newest


@pytest.mark.parametrize(
    ("age_s", "expected"),
    [(None, "never"), (-5.0, "fresh"), (30.0, "fresh"), (30.1, "stale"), (300.1, "silent")],
)
def test_a_position_says_less_as_it_grows_old(age_s: float | None, expected: str) -> None:
    assert rules.freshness_of(age_s, 30.0, 300.0) == Freshness(expected)


@pytest.mark.parametrize(
    ("area", "expected"), [("73.71.04.1001", "73.71.04"), ("73.71.04", "73.71.04"), ("", None)]
)
def test_the_kecamatan_of_an_area(area: str, expected: str | None) -> None:
    assert rules.kecamatan_of(area) == expected


@pytest.mark.parametrize(
    ("name", "ring"),
    [
        ("", [(1.0, 1.0), (2.0, 1.0), (2.0, 2.0)]),
        ("x", [(1.0, 1.0), (2.0, 1.0)]),
        ("x", [(1.0, 1.0), (2.0, 1.0), (2.0, 91.0)]),
        ("x", [(1.0, 1.0), (1.0, 1.0), (1.0, 1.0)]),
        ("x", [(math.nan, 1.0), (2.0, 1.0), (2.0, 2.0)]),
    ],
)
def test_what_is_no_area_is_refused(name: str, ring: list[tuple[float, float]]) -> None:
    with pytest.raises(FieldError):
        rules.check_fence(name, ring)


def test_the_form_of_osmand_speaks_knots_and_seconds() -> None:
    fix = formats.read_form(
        {
            "lat": "-5.14", "lon": "119.41", "timestamp": "1800000000", "speed": "10",
            "bearing": "360", "accuracy": "4.5", "batt": "80",
        },
        NOW,
    )  # fmt: skip

    assert fix == Fix(NOW, -5.14, 119.41, pytest.approx(18.52), 0.0, 4.5, 0.8)


@pytest.mark.parametrize(
    "told",
    ["1800000000000", "2027-01-15T08:00:00Z", "2027-01-15T16:00:00+08:00", "2027-01-15T08:00:00"],
)
def test_times_come_in_many_forms(told: str) -> None:
    assert formats.read_form({"location": "-5.1,119.4", "timestamp": told}, 0.0).at_s == NOW


def test_what_is_not_told_is_not_known() -> None:
    fix = formats.read_form({"lat": "1", "lon": "2", "speed": "-1", "bearing": "-1"}, NOW)

    assert fix.at_s == NOW
    assert all(map(math.isnan, (fix.kmh, fix.bearing, fix.accuracy_m, fix.battery)))


@pytest.mark.parametrize(
    "values",
    [
        {}, {"lat": "1"}, {"lat": "x", "lon": "1"}, {"lat": "1", "lon": "1", "timestamp": "x"},
        {"lat": "1", "lon": "1", "timestamp": "T"}, {"lat": "1", "lon": "1", "valid": "false"},
        {"lat": "1", "lon": "1", "timestamp": "nan"}, {"lat": "1", "lon": "1", "speed": "fast"},
    ],
)  # fmt: skip
def test_a_form_that_is_no_position_is_refused(values: dict[str, str]) -> None:
    with pytest.raises(BadFixError):
        formats.read_form(values, NOW)


def test_the_json_of_traccar_speaks_metres_a_second() -> None:
    content = (
        b'{"location": {"timestamp": "2027-01-15T08:00:00.000Z", "coords": {"latitude": -5.14,'
        b' "longitude": 119.41, "accuracy": 5, "speed": 10, "heading": 90, "altitude": 3},'
        b' "battery": {"level": 0.5, "is_charging": false}}, "device_id": "gps-1"}'
    )

    assert formats.read_json(content, 0.0) == (
        "gps-1", [Fix(NOW, -5.14, 119.41, 36.0, 90.0, 5.0, 0.5)],
    )  # fmt: skip


def test_owntracks_speaks_kmh() -> None:
    content = (
        b'{"_type": "location", "lat": -5.14, "lon": 119.41, "tst": 1800000000, "vel": 36,'
        b' "cog": 90, "acc": 5, "batt": 50}'
    )

    assert formats.read_owntracks(content, 0.0) == Fix(NOW, -5.14, 119.41, 36, 90, 5, 0.5)


@pytest.mark.parametrize(
    "content",
    [
        b"", b"[]", b"{", b"{}", b'{"location": []}', b'{"location": [1]}', b'{"location": {}}',
        b'{"location": {"coords": {"latitude": true, "longitude": 1}}}', b"\xff",
    ],
)  # fmt: skip
def test_json_that_is_no_position_is_refused(content: bytes) -> None:
    with pytest.raises(BadFixError):
        formats.read_json(content, NOW)


@given(st.binary(max_size=60) | st.text(max_size=60).map(str.encode))
def test_no_bytes_are_more_than_refused(content: bytes) -> None:
    for read in (formats.read_json, formats.read_owntracks):
        try:
            read(content, NOW)
        except BadFixError:
            continue
