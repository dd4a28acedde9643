"""What a phone says of its place is read exactly, and nothing is made up."""

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from warroom.incidents.aml import AmlPosition, read_aml
from warroom.incidents.errors import BadAmlError

WHOLE = (
    'A"ML=1;lt=+54.76397;lg=-0.18305;rd=50;top=20130717141935;lc=90;pm=W;si=123456789012345;'
    "ei=1234567890123456;mcc=234;mnc=30;ml=128"
)
HEAD = 'A"ML=1;lt=-5.12460;lg=119.41890;rd=18;top=20261124060000;lc=68;pm=G'


def test_the_message_of_the_standard_is_read() -> None:
    assert read_aml(WHOLE) == AmlPosition(
        54.76397, -0.18305, datetime(2013, 7, 17, 14, 19, 35, tzinfo=UTC), 50.0, 0.9, "wifi"
    )


def test_nothing_that_names_the_phone_is_kept() -> None:
    assert "123456789012345" not in repr(read_aml(WHOLE))


def test_a_message_that_was_cut_off_is_refused() -> None:
    for end in (1, 3, 20, 60):
        with pytest.raises(BadAmlError):
            read_aml(WHOLE[:-end] if end > 1 else WHOLE + "9")


def test_without_a_length_it_is_taken_as_it_came() -> None:
    found = read_aml(HEAD)

    assert found is not None
    assert (-5.1246, 119.4189, 18.0, 0.68, "gnss") == (
        found.lat, found.lon, found.radius_m, found.confidence, found.method,
    )  # fmt: skip


def test_a_phone_that_knows_no_place_says_so() -> None:
    assert read_aml('A"ML=1;lt=N;lg=N;rd=N;top=20261124060000;lc=0;pm=N') is None


def test_an_unknown_radius_is_not_zero() -> None:
    found = read_aml(HEAD.replace("rd=18", "rd=N").replace("lc=68", "lc=N"))

    assert found is not None
    assert found.radius_m is None
    assert found.confidence is None


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("", "not_aml"),
        ("halo 112", "not_aml"),
        (HEAD.replace("ML=1", "ML=7"), "version"),
        (HEAD.replace("lt=-5.12460", "lt=-95.1"), "lt"),
        (HEAD.replace("lg=119.41890", "lg=1e9"), "lg"),
        (HEAD.replace("lt=-5.12460;", ""), "no_position"),
        (HEAD.replace("rd=18", "rd=-4"), "rd"),
        (HEAD.replace("lc=68", "lc=168"), "lc"),
        (HEAD.replace("20261124060000", "20261324060000"), "top"),
        (HEAD.replace("pm=G", "pm=G;lt=0"), "not_aml"),
        (HEAD + ";", "cut_off"),
        (HEAD + ";x" * 400, "not_aml"),
    ],
)
def test_what_cannot_be_is_refused_with_the_part_that_is_wrong(text: str, problem: str) -> None:
    with pytest.raises(BadAmlError) as refused:
        read_aml(text)

    assert {"problem": problem} == refused.value.params


@given(st.text(max_size=200))
def test_no_text_whatever_does_anything_but_be_refused(text: str) -> None:
    for told in (text, 'A"ML=1;' + text):
        try:
            found = read_aml(told)
        except BadAmlError:
            continue
        assert found is None or (-90 <= found.lat <= 90 and -180 <= found.lon <= 180)


@given(st.floats(-90, 90), st.floats(-180, 180), st.integers(0, 9999), st.integers(0, 100))
def test_what_was_written_is_what_is_read(lat: float, lon: float, rd: int, lc: int) -> None:
    text = f'A"ML=2;lt={lat:+.5f};lg={lon:+.5f};rd={rd};top=20261124060000;lc={lc};pm=C'

    found = read_aml(text)

    assert found is not None
    assert (round(lat, 5), round(lon, 5), rd, lc / 100) == (
        found.lat, found.lon, found.radius_m, found.confidence,
    )  # fmt: skip
