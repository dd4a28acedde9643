"""Rules of requests: no access without two different signatures, and no way back from an end."""

from datetime import timedelta
from itertools import pairwise
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.scopes import AT
from warroom.access.contracts import ENDS, Approval, Case, Part, Terms
from warroom.access.errors import IncompleteError, NothingLeftError, OwnRequestError
from warroom.access.rules import requests as rules
from warroom.kernel.errors import WarRoomError

KEJARI, DISHUB, POLICE, CITY = (UUID(int=n) for n in range(1, 5))
PEOPLE = [UUID(int=n) for n in range(10, 16)]
CAMERAS = [UUID(int=n) for n in range(20, 24)]
ROLES = ("kepala_lembaga", "petugas_pdp", "supervisor")
HOUR = timedelta(hours=1)
ASKED = Terms(frozenset({"live:view", "recording:view"}), None, AT, AT + 48 * HOUR)
CASE = Case(KEJARI, PEOPLE[0], frozenset(PEOPLE[:2]), ASKED, (Part(DISHUB), Part(POLICE)))


hours = st.integers(0, 72)
terms = st.builds(
    lambda actions, cameras, start, length: Terms(
        frozenset(actions), frozenset(cameras), AT + start * HOUR, AT + (start + length) * HOUR
    ),
    st.sets(st.sampled_from(["live:view", "recording:view", "ptz:move"])),
    st.sets(st.sampled_from(CAMERAS)),
    hours,
    st.integers(1, 72),
)
approvals = st.builds(
    Approval,
    st.sampled_from(PEOPLE),
    st.sampled_from([KEJARI, DISHUB, POLICE, CITY]),
    st.sampled_from(ROLES),
    terms,
)
owners = st.sampled_from([DISHUB, POLICE])
steps = st.one_of(
    st.tuples(st.just("send")),
    st.tuples(st.just("withdraw")),
    st.tuples(st.just("approve"), owners, approvals),
    st.tuples(st.just("approve"), owners, approvals),
    st.tuples(st.just("refuse"), owners),
    st.tuples(st.just("revoke"), owners),
)


def walk(case: Case, moves: list[tuple[tuple, int]]) -> list[tuple[Case, object]]:
    """Every state of a request to which things happen, and when; a refusal changes nothing."""
    now, states = AT, [(case, AT)]
    for (word, *arguments), pause in moves:
        now += pause * HOUR
        try:
            case = getattr(rules, word)(case, *arguments, now)
        except WarRoomError:
            continue
        states.append((case, now))
    return states


walks = st.lists(st.tuples(steps, st.integers(0, 6)), max_size=14).map(
    lambda moves: walk(CASE, [(("send",), 0), *moves])
)


@given(walks, hours)
def test_access_is_never_active_without_two_signatures_one_of_them_the_owners(
    states: list[tuple[Case, object]], later: int
) -> None:
    for case, now in states:
        for part in case.parts:
            if rules.part_status(case, part, now + later * HOUR) not in ("active", "approved"):
                continue
            signers = {one.person_id for one in part.approvals}
            assert len(signers) >= 2
            assert len({one.role for one in part.approvals}) >= 2
            assert part.owner_id in {one.agency_id for one in part.approvals}
            assert not signers & {case.requester_id, *case.people}
            assert case.from_agency_id not in {one.agency_id for one in part.approvals}


@given(walks, hours, hours)
def test_time_never_brings_back_what_has_ended(
    states: list[tuple[Case, object]], one: int, other: int
) -> None:
    sooner, later = sorted((one, other))
    for case, now in states:
        for part in case.parts:
            before = rules.part_status(case, part, now + sooner * HOUR)
            after = rules.part_status(case, part, now + later * HOUR)
            assert before not in ENDS or before == after


@given(walks)
def test_nothing_that_happens_brings_back_what_has_ended(
    states: list[tuple[Case, object]],
) -> None:
    final, now = states[-1]
    for case, then in states:
        for part, last in zip(case.parts, final.parts, strict=True):
            if rules.part_status(case, part, then) in ENDS:
                assert rules.part_status(final, last, now) in ENDS


@given(walks)
def test_what_is_lent_is_within_what_was_asked_and_within_every_signature(
    states: list[tuple[Case, object]],
) -> None:
    case, _ = states[-1]
    for part in case.parts:
        lent = rules.lent(case, part)
        for wider in (case.asked, *(one.terms for one in part.approvals)) if lent else ():
            assert lent.actions <= wider.actions
            assert wider.cameras is None or lent.cameras <= wider.cameras
            assert wider.starts_at <= lent.starts_at < lent.ends_at <= wider.ends_at


@given(walks)
def test_owners_decide_apart(states: list[tuple[Case, object]]) -> None:
    for (before, _), (after, _) in pairwise(states):
        changed = [a.owner_id for a, b in zip(before.parts, after.parts, strict=True) if a != b]
        assert len(changed) <= 1


def signed(person: UUID, agency: UUID, role: str, **more: object) -> Approval:
    return Approval(person, agency, role, Terms(**{**TERMS, **more}))


TERMS = {
    "actions": ASKED.actions,
    "cameras": frozenset(CAMERAS),
    "starts_at": ASKED.starts_at,
    "ends_at": ASKED.ends_at,
}


def test_two_different_signatures_make_it_active_until_its_end() -> None:
    case = rules.send(CASE, AT)
    case = rules.approve(case, DISHUB, signed(PEOPLE[3], DISHUB, ROLES[0]), AT)
    waiting = rules.status(case, AT)
    shorter = signed(PEOPLE[4], CITY, ROLES[2], ends_at=AT + 5 * HOUR)
    case = rules.approve(case, DISHUB, shorter, AT)
    other = rules.part_status(case, case.parts[1], AT)

    assert (waiting, rules.status(case, AT), other) == ("sent", "active", "sent")
    assert rules.part_status(case, case.parts[0], AT + 5 * HOUR) == "expired"


@pytest.mark.parametrize(
    ("person", "agency"), [(PEOPLE[0], DISHUB), (PEOPLE[1], DISHUB), (PEOPLE[4], KEJARI)]
)
def test_nobody_decides_about_what_is_for_themselves(person: UUID, agency: UUID) -> None:
    case = rules.send(CASE, AT)

    with pytest.raises(OwnRequestError):
        rules.approve(case, DISHUB, signed(person, agency, ROLES[0]), AT)


def test_signatures_that_have_nothing_in_common_are_refused() -> None:
    case = rules.send(CASE, AT)
    first = signed(PEOPLE[3], DISHUB, ROLES[0], cameras=frozenset(CAMERAS[:1]))
    case = rules.approve(case, DISHUB, first, AT)

    second = signed(PEOPLE[4], CITY, ROLES[2], cameras=frozenset(CAMERAS[1:]))
    with pytest.raises(NothingLeftError):
        rules.approve(case, DISHUB, second, AT)


@pytest.mark.parametrize(
    ("content", "kind"),
    [
        (b"%PDF-1.7\n", "application/pdf"),
        (b"\x89PNG\r\n\x1a\n....", "image/png"),
        (b"\xff\xd8\xff\xe0..", "image/jpeg"),
        (b"<html>%PDF-", None),
        (b"MZ\x90", None),
        (b"", None),
    ],
)
def test_a_file_is_what_it_begins_with(content: bytes, kind: str | None) -> None:
    assert kind == rules.media_type_of(content)


def test_a_files_name_holds_no_folder() -> None:
    assert rules.clean_name("../../etc/surat\n1.pdf") == "surat1.pdf"
    assert rules.clean_name("C:\\x\\") == "lampiran"


@pytest.mark.parametrize(
    "ring", [((119.0, -5.0), (119.1, -5.0), (119.0, -5.0)), ((200.0, 0.0), (1.0, 1.0), (2.0, 3.0))]
)
def test_a_ring_that_is_no_polygon_is_refused(ring: tuple) -> None:
    with pytest.raises(IncompleteError):
        rules.check_rings([ring])
