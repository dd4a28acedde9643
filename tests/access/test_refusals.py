"""Who does not decide, and what does not exist, in requests across agencies."""

from uuid import uuid4

import pytest

from tests.access.conftest import Desk
from warroom.identity import api as identity


@pytest.mark.parametrize("word", ["refuse", "revoke"])
async def test_the_head_of_the_asking_agency_decides_no_part_of_an_owner(
    desk: Desk, word: str
) -> None:
    """They see every part of their own request, and hold the word of who decides."""
    request_id = await (desk.lent() if word == "revoke" else desk.sent())
    url = f"/api/requests/{request_id}"
    before = (await desk["kajari"].get(url)).json()["status"]

    answer = await desk["kajari"].post(
        f"{url}/parts/{desk.agencies['Dishub']}/{word}", json={"reason": "Tidak perlu"}
    )

    assert (answer.status_code, answer.json()["code"]) == (404, "not_found")
    assert (await desk["kajari"].get(url)).json()["status"] == before


async def test_a_draft_has_no_part_that_anybody_decides(desk: Desk) -> None:
    made = await desk["jaksa"].post("/api/requests", json=await desk.letter())
    url = f"/api/requests/{made.json()['id']}/parts/{desk.agencies['Dishub']}/refuse"

    by_owner = await desk["kadishub"].post(url, json={"reason": "Tidak perlu"})
    by_city = await desk["supervisor"].post(url, json={"reason": "Tidak perlu"})

    assert (by_owner.status_code, by_city.status_code) == (404, 404)


async def test_a_law_that_is_not_in_the_list_is_not_changed_into_it(desk: Desk) -> None:
    before = (await desk["admin"].get("/api/requests/basis")).json()["total"]

    answer = await desk["admin"].put(
        f"/api/requests/basis/{uuid4()}", json={"law": "UU 1/2026", "article": "Pasal 1"}
    )

    assert (answer.status_code, answer.json()["code"]) == (404, "not_found")
    assert (await desk["admin"].get("/api/requests/basis")).json()["total"] == before


async def test_who_writes_for_another_agency_alone_is_told_nothing_of_their_draft(
    desk: Desk,
) -> None:
    """Not even what is missing from it."""
    async with desk.db.transaction(desk.system) as tx:
        new = identity.NewGrant(
            ("access:request",),
            "uji",
            person_id=desk.people["pengawas"],
            agencies=(desk.agencies["Damkar"],),
        )
        taken = identity.NewGrant(
            ("access:request",),
            "uji",
            person_id=desk.people["pengawas"],
            agencies=(desk.agencies["Dishub"],),
            deny=True,
        )
        await identity.create_grant(desk.system, tx, new)
        await identity.create_grant(desk.system, tx, taken)
    letter = await desk.letter("Polrestabes", people=[str(desk.people["pengawas"])])

    good = await desk["pengawas"].post("/api/requests", json=letter)
    bad = await desk["pengawas"].post("/api/requests", json=letter | {"ends_at": desk.at(days=-9)})

    assert [one.json()["code"] for one in (good, bad)] == ["not_found"] * 2


async def test_the_word_for_ones_own_agency_adds_no_law_to_the_list_of_the_city(desk: Desk) -> None:
    async with desk.db.transaction(desk.system) as tx:
        new = identity.NewGrant(
            ("access:configure",),
            "uji",
            person_id=desk.people["pengawas"],
            agencies=(desk.agencies["Dishub"],),
        )
        await identity.create_grant(desk.system, tx, new)
    before = (await desk["admin"].get("/api/requests/basis")).json()

    answer = await desk["pengawas"].post(
        "/api/requests/basis", json={"law": "UU 1/2026", "article": "Pasal 1"}
    )

    assert (answer.status_code, answer.json()["code"]) == (404, "not_found")
    assert (await desk["admin"].get("/api/requests/basis")).json() == before


async def test_who_may_not_change_the_laws_is_told_so(desk: Desk) -> None:
    told = [
        (await desk[login].get("/api/requests/basis")).json()["may_change"]
        for login in ("admin", "jaksa")
    ]

    assert told == [True, False]
