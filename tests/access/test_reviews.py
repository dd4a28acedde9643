"""Reviews of rights: what nobody confirms lapses by itself, and no agency locks itself out."""

from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.access.conftest import Desk
from tests.access.test_requests import look
from tests.identity.test_seats import Workstation
from tests.scopes import AT
from warroom.access import jobs
from warroom.access.contracts import Item
from warroom.access.errors import LastAdminError, OwnReviewError
from warroom.access.rules import reviews as rules

AGENCY = UUID(int=1)
PEOPLE = [UUID(int=n) for n in range(10, 14)]

drafts = st.lists(
    st.tuples(
        st.sampled_from(PEOPLE),
        st.sampled_from(["own", "city"]),
        st.booleans(),
        st.sampled_from([None, "confirmed"]),
    ),
    min_size=1,
    max_size=8,
)


def items_of(drafts: list[tuple[UUID, str, bool, Any]]) -> list[Item]:
    return [
        Item(UUID(int=100 + n), AGENCY, person, reach, is_admin, decision)
        for n, (person, reach, is_admin, decision) in enumerate(drafts)
    ]


def admins(items: list[Item], reach: str) -> int:
    gone = ("dropped", "lapsed")
    return sum(one.is_admin and one.reach == reach and one.decision not in gone for one in items)


@given(drafts.map(items_of))
def test_the_deadline_never_takes_the_last_administrator(items: list[Item]) -> None:
    closed = rules.close(items)

    assert all(one.decision is not None for one in closed)
    assert not admins(items, "city") or admins(closed, "city")
    assert not admins(items, "own") or admins(closed, "own") + admins(closed, "city")


@given(drafts.map(items_of), st.sets(st.integers(0, 7)), st.sampled_from(PEOPLE))
def test_nobody_decides_about_their_own_and_nobody_drops_the_last_administrator(
    items: list[Item], picks: set[int], reviewer: UUID
) -> None:
    chosen = [items[n].id for n in picks if n < len(items)]
    try:
        after = rules.decide(items, chosen, "dropped", reviewer)
    except (OwnReviewError, LastAdminError):
        return

    assert not admins(items, "city") or admins(after, "city") or not chosen
    decided = [one for one in after if one.decision == "dropped"]
    assert all(one.person_id != reviewer for one in decided)


@given(st.integers(0, 30 * 24), st.integers(0, 30 * 24))
def test_each_reminder_is_given_once_and_nearer_each_time(one: int, other: int) -> None:
    due = AT + timedelta(days=14)
    sooner, later = sorted((one, other))
    first = rules.reminder(due, AT + timedelta(hours=sooner), [7, 3, 1], None)
    second = rules.reminder(due, AT + timedelta(hours=later), [7, 3, 1], first)

    assert first is None or second is None or second < first


def test_dropping_the_only_administrator_is_refused() -> None:
    only = items_of([(PEOPLE[0], "own", True, None)])

    with pytest.raises(LastAdminError):
        rules.decide(only, [only[0].id], "dropped", PEOPLE[1])


async def opened(desk: Desk, agency: str = "Dishub") -> dict[str, Any]:
    body = {"agency_id": str(desk.agencies[agency])}
    made = await desk["kadishub"].post("/api/reviews", json=body)
    assert made.status_code == 201, made.text
    return await shown(desk, made.json()["id"])


async def shown(desk: Desk, review_id: str) -> dict[str, Any]:
    answer = await desk["kadishub"].get(f"/api/reviews/{review_id}")
    assert answer.status_code == 200, answer.text
    found: dict[str, Any] = answer.json()
    return found


def item(review: dict[str, Any], person: str) -> str:
    return next(one["id"] for one in review["items"] if one["person_label"] == person)


async def decide(
    desk: Desk, login: str, review: dict[str, Any], decision: str, *people: str
) -> tuple[int, str]:
    answer = await desk[login].post(
        f"/api/reviews/{review['id']}/decide",
        json={"items": [item(review, person) for person in people], "decision": decision},
    )
    return answer.status_code, answer.json().get("code", "")


async def may(desk: Desk, login: str, action: str) -> bool:
    return action in (await desk[login].get("/api/session")).json()["actions"]


async def test_what_nobody_confirms_lapses_by_the_clock_and_what_is_confirmed_stays(
    desk: Desk,
) -> None:
    review = await opened(desk)
    confirmed = await decide(desk, "kadishub", review, "confirmed", "Pengawas")
    desk.clock.advance(14 * 86_400 + 1)

    assert confirmed == (200, "")
    assert await may(desk, "pengawas", "live:view")
    assert not await may(desk, "pengawas2", "live:view")


async def test_a_dropped_right_ends_at_once(desk: Desk) -> None:
    review = await opened(desk)
    before = await may(desk, "pengawas", "live:view")
    await decide(desk, "kadishub", review, "dropped", "Pengawas")

    assert (before, await may(desk, "pengawas", "live:view")) == (True, False)


async def test_nobody_confirms_their_own_rights(desk: Desk) -> None:
    review = await opened(desk)
    own = await decide(desk, "kadishub", review, "confirmed", "Kadishub")
    foreign = await decide(desk, "kapolres", review, "confirmed", "Kadishub")
    unauthorized = await decide(desk, "pengawas", review, "confirmed", "Kadishub")
    other = await decide(desk, "pdp", review, "confirmed", "Kadishub")

    assert own == (403, "access.own_review")
    assert (foreign[0], unauthorized[0], other[0]) == (404, 404, 200)


async def test_saving_a_person_does_not_confirm_their_roles(desk: Desk) -> None:
    await opened(desk)
    person = desk.people["pengawas"]
    version = (await desk["admin"].get(f"/api/people/{person}")).json()["version"]
    body = {"version": version, "roles": [{"role": "supervisor"}]}
    saved = await desk["admin"].patch(f"/api/people/{person}", json=body)
    desk.clock.advance(14 * 86_400 + 1)

    assert saved.status_code == 200
    assert not await may(desk, "pengawas", "live:view")


async def test_the_last_administrator_stays_and_is_escalated(desk: Desk) -> None:
    made = await desk["admin"].post(
        "/api/reviews", json={"agency_id": str(desk.agencies["Diskominfo"])}
    )
    desk.clock.advance(14 * 86_400 + 1)
    await jobs.JOBS[2].run(desk.worker)
    review = (await desk["admin"].get(f"/api/reviews/{made.json()['id']}")).json()
    decisions = {one["person_label"]: one["decision"] for one in review["items"]}
    told = await desk.rows("select 1 from audit_entry where action = 'access:right_escalated'")

    assert await may(desk, "admin", "person:configure")
    assert decisions == {"Admin": "escalated", "Supervisor": "lapsed"}
    assert len(told) == 1


async def test_grants_and_tokens_are_reviewed_and_end_with_it(desk: Desk) -> None:
    grant = {
        "person_id": str(desk.people["pengawas"]),
        "actions": ["live:view"],
        "agencies": [str(desk.agencies["Polrestabes"])],
        "reason": "Bantu Satlantas",
    }
    assert (await desk["admin"].post("/api/grants", json=grant)).status_code == 201
    review = await opened(desk)
    (given,) = [one for one in review["items"] if one["kind"] == "grant"]
    answer = await desk["kadishub"].post(
        f"/api/reviews/{review['id']}/decide",
        json={"items": [given["id"]], "decision": "confirmed"},
    )
    (kept,) = await desk.rows("select ends_at from access_grant")
    await opened_anew(desk, review["id"])
    (ends,) = await desk.rows("select ends_at from access_grant")

    assert (answer.status_code, kept["ends_at"]) == (200, None)
    assert ends["ends_at"] == desk.clock.now() + timedelta(days=14)


async def opened_anew(desk: Desk, review_id: str) -> None:
    desk.clock.advance(14 * 86_400 + 1)
    await jobs.JOBS[2].run(desk.worker)
    assert (await shown_by_admin(desk, review_id))["closed_at"] is not None
    body = {"agency_id": str(desk.agencies["Dishub"])}
    assert (await desk["admin"].post("/api/reviews", json=body)).status_code == 201


async def shown_by_admin(desk: Desk, review_id: str) -> dict[str, Any]:
    found: dict[str, Any] = (await desk["admin"].get(f"/api/reviews/{review_id}")).json()
    return found


async def test_reviews_open_remind_and_close_by_themselves(desk: Desk) -> None:
    run = jobs.JOBS[2].run
    await run(desk.worker)
    early = await desk.rows("select 1 from access_review")
    desk.clock.advance(91 * 86_400)
    await run(desk.worker)
    await run(desk.worker)
    opened = await desk.rows("select 1 from access_review where closed_at is null")
    desk.clock.advance(12 * 86_400)
    await run(desk.worker)
    await run(desk.worker)
    reminded = await desk.rows("select 1 from audit_entry where action = 'access:review_reminded'")
    desk.clock.advance(3 * 86_400)
    await run(desk.worker)
    closed = await desk.rows("select 1 from access_review where closed_at is not null")

    assert (len(early), len(opened), len(reminded), len(closed)) == (0, 5, 5, 5)


async def test_the_last_use_of_a_right_is_told(desk: Desk) -> None:
    await look(desk, "pengawas", 1, 42)
    review = await opened(desk)
    uses = {one["person_label"]: one["last_used_at"] for one in review["items"]}
    again = await desk["kadishub"].post(
        "/api/reviews", json={"agency_id": str(desk.agencies["Dishub"])}
    )

    assert uses["Pengawas"].startswith("2026-11-24T06:00:00")
    assert uses["Pengawas2"] is None
    assert again.json()["code"] == "access.wrong_state"
    assert (await desk["kapolres"].get(f"/api/reviews/{review['id']}")).status_code == 404
    assert (await desk["kapolres"].get("/api/reviews")).json()["items"] == []


async def seat_of(desk: Desk, name: str) -> Workstation:
    """An enrolled control-room seat of Dishub, at a browser of its own."""
    body = {"agency_id": str(desk.agencies["Dishub"]), "name": name}
    made = await desk["admin"].post("/api/seats", json=body)
    assert made.status_code == 201, made.text
    seat = Workstation(desk.stranger(name))
    enrolled = await seat.enrol(made.json()["code"])
    assert enrolled.status_code == 201, enrolled.text
    return seat


async def decide_seat(desk: Desk, review: dict[str, Any], name: str, decision: str) -> int:
    (seat,) = [
        one["id"] for one in review["items"] if (one["kind"], one["label"]) == ("seat", name)
    ]
    url = f"/api/reviews/{review['id']}/decide"
    return (
        await desk["kadishub"].post(url, json={"items": [seat], "decision": decision})
    ).status_code


async def test_a_seat_that_nobody_confirms_lapses_and_a_dropped_one_is_gone(desk: Desk) -> None:
    kept, left, dropped = [await seat_of(desk, name) for name in ("Meja 1", "Meja 2", "Meja 3")]
    review = await opened(desk)
    done = [
        await decide_seat(desk, review, "Meja 1", "confirmed"),
        await decide_seat(desk, review, "Meja 3", "dropped"),
    ]
    before = [(await seat.show()).status_code for seat in (kept, left, dropped)]
    desk.clock.advance(14 * 86_400 + 1)
    after = [(await seat.show()).status_code for seat in (kept, left)]
    await next(job for job in jobs.JOBS if "review" in job.name).run(desk.worker)
    rows = await desk.rows("select name, revoked_at from seat order by name")
    told = await desk.rows(
        "select decision from access_review_item where kind = 'seat' order by label"
    )

    assert [200, 200] == done
    assert [200, 200, 422] == before
    assert [200, 422] == after
    assert [False, True, True] == [row["revoked_at"] is not None for row in rows]
    assert ["confirmed", "lapsed", "dropped"] == [row["decision"] for row in told]
