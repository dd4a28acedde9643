"""What a camera may look like, and what a change makes of it."""

from dataclasses import replace
from typing import Any
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from warroom.cameras import rules
from warroom.cameras.contracts import CameraDraft, Credentials, StreamDraft
from warroom.cameras.errors import (
    CredentialsNeededError,
    FieldError,
    FieldMissingError,
    TooLongError,
    UrlInvalidError,
)
from warroom.cameras.rules import StreamChange

AGENCY = UUID(int=7)
CAMERA = CameraDraft(number=1, name="Simpang", agency_id=AGENCY, lat=-5.15, lon=119.42)
BOUNDS = (119.4, -5.2, 119.6, -5.1)


def wrong(draft: CameraDraft) -> set[str]:
    return {error.params["field"] for error in rules.problems_of(draft, BOUNDS, 100.0)}


def merged(stored: CameraDraft | None, *streams: StreamChange, **values: Any) -> CameraDraft:
    return rules.merge(stored, values, streams, allow_loopback=False)


def test_a_plain_camera_has_no_problem() -> None:
    assert wrong(CAMERA) == set()


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("number", 0),
        ("number", 1_000_000),
        ("name", ""),
        ("name", "x" * 121),
        ("name", "a\x00b"),
        ("name", "a\ud800b"),
        ("site", "a\nb"),
        ("lat", 91.0),
        ("lat", float("nan")),
        ("lon", float("inf")),
        ("lat", 19.0),
        ("lon", 0.0),
        ("height_m", -1.0),
        ("bearing_deg", 361.0),
        ("fov_deg", 0.0),
        ("fov_deg", 361.0),
        ("range_m", 0.0),
        ("range_m", 3000.1),
        ("tags", tuple(str(n) for n in range(33))),
        ("tags", ("x" * 41,)),
        ("retention_class", "Dua Minggu!"),
        ("retention_class", ""),
        ("kecamatan", "Mariso"),
        ("kelurahan", "73.71.01.1001'; drop table camera"),
        ("notes", "x" * 4001),
    ],
)
def test_what_a_camera_cannot_be_is_named_by_its_field(field: str, value: Any) -> None:
    assert field in wrong(replace(CAMERA, **{field: value}))


def test_everything_wrong_is_told_at_once() -> None:
    draft = replace(CAMERA, name="", range_m=9000.0, fov_deg=-1.0)

    assert wrong(draft) == {"name", "range_m", "fov_deg"}


@given(st.floats(0, 360), st.floats(0.1, 3000), st.floats(0.1, 360))
def test_any_sensible_wedge_is_taken(bearing: float, range_m: float, fov: float) -> None:
    draft = merged(CAMERA, bearing_deg=bearing, range_m=range_m, fov_deg=fov)

    assert wrong(draft) == set()
    assert draft.bearing_deg is not None
    assert 0 <= draft.bearing_deg < 360


@given(st.text(max_size=300))
def test_any_text_is_a_name_or_a_problem_of_the_name(text: str) -> None:
    draft = merged(CAMERA, name=text)

    assert wrong(draft) <= {"name"}


@pytest.mark.parametrize("field", rules.REQUIRED)
def test_a_new_camera_lacks_nothing_that_every_camera_has(field: str) -> None:
    values = {name: getattr(CAMERA, name) for name in rules.REQUIRED if name != field}
    with pytest.raises(FieldMissingError) as caught:
        merged(None, **values)
    assert caught.value.params == {"field": field}


def test_what_is_not_said_stays() -> None:
    stored = replace(
        CAMERA,
        notes="tiang 14",
        streams=(StreamDraft("main", "rtsp://a.lan/x", "tcp", Credentials("u", "p")),),
    )

    assert merged(stored) == stored
    assert merged(stored, name="Baru") == replace(stored, name="Baru")
    assert merged(stored, StreamChange("main", stored.streams[0].url)) == stored


def test_an_unknown_word_changes_nothing() -> None:
    assert merged(CAMERA, version=9, id=UUID(int=9), streams=()) == CAMERA


def test_the_login_beside_the_address_wins_over_the_one_in_it() -> None:
    draft = merged(CAMERA, StreamChange("main", "rtsp://a:b@c.lan/x", username="d"))

    assert draft.streams[0].credentials == Credentials("d", "b")


def test_an_empty_password_takes_the_stored_one_away() -> None:
    stream = StreamDraft("main", "rtsp://a.lan/x", "tcp", Credentials("u", "p"))
    stored = replace(CAMERA, streams=(stream,))

    draft = merged(stored, StreamChange("main", None, username="", password=""))

    assert draft.streams[0].credentials == Credentials("", "")


@pytest.mark.parametrize("url", [None, "rtsp://a.lan/x", "rtsp://other.lan/y"])
def test_a_new_password_alone_keeps_the_user_name(url: str | None) -> None:
    stream = StreamDraft("main", "rtsp://a.lan/x", "tcp", Credentials("u", "p"))
    stored = replace(CAMERA, streams=(stream,))

    draft = merged(stored, StreamChange("main", url, username="", password="new"))

    assert draft.streams[0].credentials == Credentials("u", "new")


@pytest.mark.parametrize(
    ("change", "error"),
    [
        (StreamChange("main", "rtsp://other.lan/x"), CredentialsNeededError),
        (StreamChange("main", "rtsp://a.lan:8554/x"), CredentialsNeededError),
        (StreamChange("main", None, username="other"), CredentialsNeededError),
        (StreamChange("main", "rtsp://a.lan/password=***"), UrlInvalidError),
        (StreamChange("main", None, transport="http"), FieldError),
        (StreamChange("main", None, password="a\nb"), FieldError),
        (StreamChange("main", None, password="x" * 257), TooLongError),
        (StreamChange("sub", None, password="x"), FieldMissingError),
        (StreamChange("main", ""), None),
    ],
)
def test_what_a_stream_cannot_become(change: StreamChange, error: type[FieldError] | None) -> None:
    stream = StreamDraft("main", "rtsp://a.lan/x", "tcp", Credentials("u", "p"))
    stored = replace(CAMERA, streams=(stream,))
    if error is None:
        assert merged(stored, change).streams == ()
        return
    with pytest.raises(error):
        merged(stored, change)


def test_a_login_that_cannot_be_opened_must_be_entered_again_for_a_new_address() -> None:
    stored = replace(CAMERA, streams=(StreamDraft("main", "rtsp://a.lan/x", "tcp", None),))

    assert merged(stored, name="Baru").streams[0].credentials is None
    with pytest.raises(CredentialsNeededError):
        merged(stored, StreamChange("main", "rtsp://a.lan/y"))


def test_differences_never_hold_a_secret() -> None:
    before = replace(
        CAMERA, streams=(StreamDraft("main", "rtsp://a/x", "tcp", Credentials("u1", "p1")),)
    )
    after = replace(
        CAMERA,
        name="Baru",
        streams=(StreamDraft("main", "rtsp://a/y", "udp", Credentials("u2", "p2", "rtsp://a/z")),),
    )

    told = rules.differences(before, after)

    assert told["name"] == ["Simpang", "Baru"]
    assert told["stream.main"][1] == {"url": "rtsp://a/y", "transport": "udp"}
    assert not any(secret in repr(told) for secret in ("u1", "p1", "u2", "p2", "a/z"))
    assert "p2" not in repr(after)
    assert "u2" not in repr(after)


@given(st.text(max_size=40))
def test_a_pattern_has_no_wildcards_of_its_own(text: str) -> None:
    inner = rules.like_pattern(text)[1:-1]

    assert inner.replace(r"\\", "").replace(r"\%", "").replace(r"\_", "").count("%") == 0
