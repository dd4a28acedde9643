"""What may be the same is offered with why, the likeliest first; what cannot be is not."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from warroom.incidents.duplicates import Candidate, Facts, candidates, distance_m

AT = datetime(2026, 11, 24, 6, 0, tzinfo=UTC)
NEW = Facts(UUID(int=1), -5.1246, 119.4189, AT, "fire_dense", "fire")


def other(number: int = 2, north_m: float = 0, ago_min: float = 0, **more: object) -> Facts:
    lat = NEW.lat + north_m / 111_195
    moved = replace(NEW, id=UUID(int=number), lat=lat, heard_at=AT - timedelta(minutes=ago_min))
    return replace(moved, **more)  # type: ignore[arg-type]


def find(*others: Facts, new: Facts = NEW) -> list[Candidate]:
    return candidates(new, others, within_m=400, within_min=30)


def test_the_same_event_at_the_same_place_is_as_sure_as_it_gets() -> None:
    assert [Candidate(UUID(int=2), 1.0, 0.0, 0.0, "type")] == find(other())


def test_the_reason_names_distance_and_age() -> None:
    (found,) = find(other(north_m=46, ago_min=3))

    assert (46.0, 3.0) == (pytest.approx(found.distance_m, abs=0.2), found.minutes)


@pytest.mark.parametrize(
    ("candidate", "kinship"),
    [
        (other(), "type"),
        (other(type_code="fire_house"), "family"),
        (other(type_code="gas_leak", family="hazmat"), "related"),
        (other(type_code=None, family=None), "unknown"),
    ],
)
def test_the_reason_names_how_alike_the_events_are(candidate: Facts, kinship: str) -> None:
    assert [kinship] == [one.kinship for one in find(candidate)]


@pytest.mark.parametrize(
    "candidate",
    [
        other(north_m=401),
        other(ago_min=31),
        other(type_code="crime", family="police"),
        NEW,
    ],
)
def test_what_is_too_far_too_old_or_of_another_kind_is_not_offered(candidate: Facts) -> None:
    assert [] == find(candidate)


def test_a_place_known_by_a_radius_reaches_further_but_not_without_end() -> None:
    unsure = replace(NEW, radius_m=300)
    lost = replace(NEW, radius_m=50_000)

    assert 1 == len(find(other(north_m=650), new=unsure))
    assert [] == find(other(north_m=750), new=unsure)
    assert [] == find(other(north_m=900), new=lost)


def test_the_nearest_newest_and_most_alike_comes_first_and_five_are_enough() -> None:
    many = [other(number, north_m=40 * number) for number in range(9, 1, -1)]

    assert [2, 3, 4, 5, 6] == [one.id.int for one in find(*many)]


near = st.builds(
    other, st.integers(2, 9), st.floats(0, 1000), st.floats(-60, 60),
    type_code=st.sampled_from(["fire_dense", "fire_house", None]),
)  # fmt: skip


@given(st.lists(near, max_size=8), st.randoms(use_true_random=False))
def test_the_order_in_which_they_come_decides_nothing(others: list[Facts], random: object) -> None:
    unique = list({one.id: one for one in others}.values())
    mixed = list(unique)
    random.shuffle(mixed)  # type: ignore[attr-defined]

    assert find(*unique) == find(*mixed)


@given(near)
def test_nearer_and_newer_is_never_less_likely(one: Facts) -> None:
    closer = replace(
        one, lat=(one.lat + NEW.lat) / 2, heard_at=one.heard_at + (AT - one.heard_at) / 2
    )

    before, after = find(one), find(closer)

    assert not before or before[0].score <= after[0].score


def test_distances_are_those_of_the_globe() -> None:
    assert pytest.approx(111_195, abs=5) == distance_m((0, 0), (1, 0))
    assert pytest.approx(55_597, abs=30) == distance_m((60, 10), (60, 11))
    assert 0.0 == distance_m((-5.1, 119.4), (-5.1, 119.4))
