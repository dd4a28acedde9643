"""Several people type into one form: nothing acknowledged is lost, and all see the same."""

from datetime import UTC, datetime, timedelta
from itertools import permutations
from typing import Any
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from warroom.incidents import draft_rules
from warroom.incidents.contracts import Typed
from warroom.incidents.errors import FieldUnknownError

AT = datetime(2026, 11, 24, 6, 0, tzinfo=UTC)
ANI, BUDI = UUID(int=1), UUID(int=2)


def typed(value: Any, second: float = 0, writer: UUID = ANI, revision: int = 1) -> Typed:
    return Typed(value, AT + timedelta(seconds=second), revision, writer)


def test_two_people_in_two_fields_overwrite_nothing() -> None:
    form = draft_rules.fill({}, [("place_text", typed("kandea"))]).fields

    filled = draft_rules.fill(form, [("notes", typed("asap hitam", 1, BUDI))])

    assert {"place_text": "kandea", "notes": "asap hitam"} == {
        name: one.value for name, one in filled.fields.items()
    }
    assert ["notes"] == filled.changed
    assert [] == filled.replaced


def test_in_one_field_the_later_wins_and_the_other_is_given_back() -> None:
    form = {"notes": typed("asap hitam")}

    filled = draft_rules.fill(form, [("notes", typed("ada ledakan", 1, BUDI))])

    assert "ada ledakan" == filled.fields["notes"].value
    assert [("notes", typed("asap hitam"))] == filled.replaced


def test_what_comes_too_late_changes_nothing_and_is_given_back() -> None:
    form = {"notes": typed("ada ledakan", 5, BUDI)}

    filled = draft_rules.fill(form, [("notes", typed("asap hitam", 1))])

    assert form == filled.fields
    assert [] == filled.changed
    assert [("notes", typed("asap hitam", 1))] == filled.replaced


def test_typing_on_loses_nothing() -> None:
    form = {"notes": typed("asap")}

    own = draft_rules.fill(form, [("notes", typed("api", 1, revision=2))])
    other = draft_rules.fill(form, [("notes", typed("asap hitam", 1, BUDI))])

    assert [] == own.replaced == other.replaced


def test_the_same_saving_sent_twice_changes_nothing() -> None:
    told = [("notes", typed("asap")), ("type", typed("flood"))]

    once = draft_rules.fill({}, told)
    twice = draft_rules.fill(once.fields, told)

    assert once.fields == twice.fields
    assert [] == twice.changed == twice.replaced


values = st.sampled_from(["", "a", "ab", "b", None])
savings = st.lists(
    st.tuples(
        st.sampled_from(["notes", "place_text", "answer.inside"]),
        st.builds(
            typed,
            values,
            st.integers(0, 3),
            st.sampled_from([ANI, BUDI]),
            st.integers(1, 1000),
        ),
    ),
    max_size=5,
    unique_by=lambda one: (one[0], one[1].at, one[1].revision, one[1].writer),
)


@given(savings)
def test_in_whichever_order_savings_come_the_form_is_the_same(
    told: list[tuple[str, Typed]],
) -> None:
    forms = {
        tuple(sorted((name, one.value, one.writer, one.at, one.revision) for name, one in
              draft_rules.fill({}, list(order)).fields.items()))
        for order in permutations(told)
    }  # fmt: skip

    assert 1 == len(forms)


@given(savings)
def test_every_text_is_shown_or_given_back_or_was_typed_on(told: list[tuple[str, Typed]]) -> None:
    form: dict[str, Typed] = {}
    kept: list[Any] = []
    for one in told:
        filled = draft_rules.fill(form, [one])
        form = filled.fields
        kept += [(name, lost.value) for name, lost in filled.replaced]

    for name, one in told:
        last = form[name]
        is_shown = last.value == one.value
        is_typed_on = str(last.value or "").startswith(str(one.value or ""))
        by_same = any(
            other.writer == one.writer and other_name == name and other != one
            for other_name, other in told
        )
        grew = any(
            other_name == name and str(other.value or "").startswith(str(one.value or ""))
            for other_name, other in told
            if other != one
        )
        assert is_shown or is_typed_on or by_same or grew or (name, one.value) in kept


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("place_text", "  lr 5   kandea "),
        ("caller_name", "Ibu Hasnah"),
        ("answer.inside", "yes"),
    ],
)
def test_text_is_kept_on_one_line(name: str, value: str) -> None:
    assert " ".join(value.split()) == draft_rules.check_value(name, value)


def test_notes_keep_their_lines() -> None:
    assert "a\n b" == draft_rules.check_value("notes", "a\n b")


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("color", "red"),
        ("answer.", "yes"),
        ("answer.UP", "yes"),
        ("answer.x", 5),
        ("place_text", "x" * 201),
        ("notes", "x" * 4001),
        ("priority", 0),
        ("priority", 6),
        ("priority", True),
        ("priority", "1"),
        ("place", "kandea"),
        ("place", {"lat": 91, "lon": 0}),
        ("place", {"lat": 0}),
        ("place", {"lat": True, "lon": False}),
        ("place", {"lat": float("nan"), "lon": 0}),
    ],
)
def test_what_the_form_has_no_field_for_is_refused(name: str, value: Any) -> None:
    with pytest.raises(FieldUnknownError):
        draft_rules.check_value(name, value)


def test_emptying_is_a_value_of_every_field() -> None:
    assert draft_rules.check_value("place", None) is None
    assert draft_rules.check_value("answer.inside", None) is None


@pytest.mark.parametrize("priority", [1, 2, 3, 4, 5])
def test_priorities_are_one_to_five(priority: int) -> None:
    assert priority == draft_rules.check_value("priority", priority)


def test_a_form_needs_a_place_and_an_event_and_no_more() -> None:
    place, text = typed({"lat": 0, "lon": 0}), typed("api")

    assert ("place", "event") == draft_rules.missing_in({})
    assert ("event",) == draft_rules.missing_in({"place": place})
    assert ("place",) == draft_rules.missing_in({"event_text": text})
    assert ("place", "event") == draft_rules.missing_in({"event_text": typed("")})
    assert () == draft_rules.missing_in({"place": place, "type": typed("flood")})


def test_a_wrong_clock_is_taken_out() -> None:
    now = AT + timedelta(hours=3)

    assert now - timedelta(seconds=4) == draft_rules.believed(AT, AT + timedelta(seconds=4), now)
    assert now == draft_rules.believed(AT + timedelta(seconds=9), AT, now)


def test_what_is_no_name_is_none() -> None:
    assert draft_rules.name_key("  ") is None
    assert "ibu hasnah" == draft_rules.name_key(" Ibu  HASNAH")


def test_answers_are_told_by_their_question() -> None:
    form = {"answer.inside": typed("yes"), "answer.fuel": typed(None), "notes": typed("x")}

    assert {"inside": "yes"} == draft_rules.answers_in(form)
