"""Texts with their parameters filled in, and the language that an answer is given in."""

import pytest
from starlette.requests import HTTPConnection

from warroom.kernel.http import language_of
from warroom.kernel.i18n import text


@pytest.mark.parametrize(
    ("count", "told"), [(1, "1 gap, 2 min"), ("1", "1 gap, 2 min"), (2, "2 gaps, 2 min")]
)
def test_a_count_of_one_is_said_in_the_singular(count: int | str, told: str) -> None:
    assert text("en", "camera.gaps", count=count, length="2 min") == told


def test_the_name_of_a_field_or_a_problem_is_said_in_words_where_it_has_any() -> None:
    key = "error.cameras.import_unreadable"

    assert text("en", "error.cameras.field_missing", field="lat") == "latitude must be filled in."
    assert "cut off" in text("en", key, problem="json")
    assert "odd" in text("en", key, problem="odd")


@pytest.mark.parametrize(
    ("headers", "language"),
    [
        ({}, "id"),
        ({"accept-language": "fr, en;q=0.5"}, "en"),
        ({"accept-language": "en", "cookie": "warroom_language=id"}, "id"),
        ({"accept-language": "en", "cookie": "warroom_language=id", "x-warroom": "1"}, "en"),
    ],
)
def test_an_answer_is_in_the_language_chosen_last(headers: dict[str, str], language: str) -> None:
    raw = [(name.encode(), value.encode()) for name, value in headers.items()]

    assert language_of(HTTPConnection({"type": "http", "headers": raw})) == language
