"""Numbers are compared by the plan of the city's country."""

from collections.abc import Iterator

import pytest

from warroom.kernel import profile
from warroom.kernel.phones import national_digits, phone_key, prefix_pattern


@pytest.fixture(autouse=True)
def _as_it_was() -> Iterator[None]:
    before = profile.current()
    yield
    profile.use(before)


@pytest.mark.parametrize(
    ("city", "number", "key"),
    [
        ("makassar", "0811-422", "62811422"),
        ("makassar", "+62 811 422", "62811422"),
        ("makassar", "62811422", "62811422"),
        ("makassar", "(0811) 422", "62811422"),
        ("makassar", "+351 912 345 678", "351912345678"),
        ("helsinki", "040 123 4567", "358401234567"),
        ("helsinki", "+358401234567", "358401234567"),
        ("helsinki", "358401234567", "358401234567"),
        ("porto", "912 345 678", "351912345678"),
        ("porto", "00351 912345678", "351912345678"),
        ("", "0812 345", "0812345"),
    ],
)
def test_all_ways_to_write_a_number_are_one(city: str, number: str, key: str) -> None:
    profile.use(profile.load(city))

    assert key == phone_key(number)


@pytest.mark.parametrize("number", ["-", None, "12", ""])
def test_what_is_no_number_is_none(number: str | None) -> None:
    assert phone_key(number) is None


@pytest.mark.parametrize(
    ("city", "number", "national", "pattern"),
    [
        ("makassar", "+62 811 422", "811422", "^((00)?62|0)"),
        ("helsinki", "040 123 4567", "401234567", "^((00)?358|0)"),
        ("porto", "+351912345678", "912345678", "^((00)?351)"),
        ("", "0812", "0812", "^()"),
    ],
)
def test_the_national_number_stands_without_what_comes_before_it(
    city: str, number: str, national: str, pattern: str
) -> None:
    profile.use(profile.load(city))

    assert (national, pattern) == (national_digits(number), prefix_pattern())
