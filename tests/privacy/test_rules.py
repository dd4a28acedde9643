"""Claims about the clocks and states of the law; whatever the instants, they hold."""

from datetime import UTC, datetime, timedelta
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from warroom.privacy import rules
from warroom.privacy.contracts import Breach, BreachState, CaseDraft, Subject
from warroom.privacy.errors import IncompleteError, WrongStateError

NOW = datetime(2026, 11, 24, 6, 0, tzinfo=UTC)
instants = st.integers(0, 10**9).map(lambda seconds: NOW + timedelta(seconds=seconds))
STATES: tuple[BreachState, ...] = ("found", "assessed", "notified", "not_required", "closed")


@given(instants, st.timedeltas(timedelta(0), timedelta(days=9)))
def test_a_deadline_runs_for_72_hours_and_is_overdue_after_that(
    since: datetime, later: timedelta
) -> None:
    state = rules.clock_state(rules.due(since, 72), since + later)

    assert (state == "overdue") == (later > timedelta(hours=72))
    assert (state == "soon") == (timedelta(hours=48) < later <= timedelta(hours=72))


@given(instants, st.timedeltas(timedelta(0), timedelta(days=9)), instants)
def test_what_was_done_in_time_stays_kept_whenever_one_looks(
    since: datetime, took: timedelta, now: datetime
) -> None:
    state = rules.clock_state(rules.due(since, 72), now, since + took)

    assert state == ("kept" if took <= timedelta(hours=72) else "late")


@given(st.lists(st.sampled_from(STATES), max_size=12))
def test_no_way_leads_out_of_closed_or_round_the_assessment(wished: list[BreachState]) -> None:
    breach = Breach("found", NOW, NOW, NOW)
    walked: list[BreachState] = ["found"]
    for to in wished:
        try:
            breach = rules.step(breach, to, reason="data terenkripsi, tanpa kunci")
        except WrongStateError:
            assert to not in rules.next_states(breach.state)
            continue
        walked.append(to)

    assert len(walked) == len(set(walked)) <= 4
    if walked[-1] == "closed":
        assert walked[1] == "assessed"
        assert walked[2] in ("notified", "not_required")


@pytest.mark.parametrize("missing", ["subjects_at", "authority_at"])
def test_notified_needs_both_the_subjects_and_the_authority(missing: str) -> None:
    told = {"subjects_at": NOW, "authority_at": NOW} | {missing: None}

    with pytest.raises(IncompleteError) as raised:
        rules.step(Breach("assessed", NOW, **told), "notified")

    assert raised.value.params == {"field": missing}


def test_nobody_has_to_be_told_only_with_a_written_reason() -> None:
    with pytest.raises(IncompleteError):
        rules.step(Breach("assessed", NOW), "not_required", reason="  tidak  ")


@given(st.text("0123456789", min_size=8, max_size=12), st.sampled_from(["+62", "62", "0"]))
def test_a_phone_number_is_the_same_however_it_is_written(digits: str, prefix: str) -> None:
    digits = "8" + digits
    spaced = prefix + "-".join((digits[:3], digits[3:6], digits[6:]))

    assert rules.normal(Subject("phone", spaced)) == "62" + digits


@given(st.text(max_size=30))
def test_normalising_twice_is_normalising_once(value: str) -> None:
    for kind in ("plate", "name", "account"):
        once = rules.normal(Subject(kind, value))  # type: ignore[arg-type]
        assert rules.normal(Subject(kind, once)) == once  # type: ignore[arg-type]


def test_a_plate_is_the_same_with_and_without_blanks() -> None:
    assert rules.normal(Subject("plate", " dd 1234 xy")) == rules.normal(
        Subject("plate", "DD1234XY")
    )


@pytest.mark.parametrize(
    ("changed", "field"),
    [
        ({"asker": " "}, "asker"),
        ({"identified_by": ""}, "identified_by"),
        ({"wants": ()}, "wants"),
        ({"wants": ("access", "money")}, "wants"),
        ({"received_at": NOW + timedelta(seconds=1)}, "received_at"),
        ({"subject": Subject("plate", "D")}, "value"),
        ({"subject": Subject("phone", "0")}, "value"),
        ({"subject": Subject("footage", "1")}, "from_at"),
        ({"subject": Subject("footage", "1", NOW - timedelta(days=2), NOW)}, "to_at"),
    ],
)
def test_a_case_says_what_it_lacks(changed: dict[str, object], field: str) -> None:
    whole: dict[str, object] = {
        "agency_id": UUID(int=1),
        "asker": "Sri",
        "identified_by": "KTP",
        "wants": ("access",),
        "subject": Subject("plate", "DD 1234 XY"),
        "received_at": NOW,
    }
    rules.check_case(CaseDraft(**whole), NOW)  # type: ignore[arg-type]

    with pytest.raises(IncompleteError) as raised:
        rules.check_case(CaseDraft(**whole | changed), NOW)  # type: ignore[arg-type]

    assert raised.value.params == {"field": field}


def test_a_retention_class_without_a_law_is_a_finding() -> None:
    assert rules.findings({"a": "UU 1/2026", "b": "  "}) == ["b"]
