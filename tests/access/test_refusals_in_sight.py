"""Who of all that see a request, an emergency or a review may do something about it."""

from uuid import uuid4

from tests.access.conftest import Desk
from tests.access.test_emergencies import opened
from tests.access.test_reviews import opened as opened_review
from warroom.access import jobs
from warroom.access.contracts import APPROVE, BREAK_GLASS, REQUEST, VIEW
from warroom.identity import api as identity


async def allow(desk: Desk, login: str, agency: str, *actions: str, deny: bool = False) -> None:
    agencies = (desk.agencies[agency],)
    new = identity.NewGrant(
        actions, "uji", person_id=desk.people[login], agencies=agencies, deny=deny
    )
    async with desk.db.transaction(desk.system) as tx:
        await identity.create_grant(desk.system, tx, new)


async def test_a_colleague_who_sees_an_emergency_neither_ends_nor_reviews_it(desk: Desk) -> None:
    url = f"/api/emergencies/{(await opened(desk)).json()['id']}"

    ended = await desk["kadishub"].post(f"{url}/end")
    may = {
        login: (await desk[login].get(url)).json()["may"]
        for login in ("pengawas", "kadishub", "kapolres")
    }

    assert (ended.status_code, ended.json()["code"]) == (404, "not_found")
    assert may == {
        "pengawas": {"end": True, "review": False},
        "kadishub": {"end": False, "review": False},
        "kapolres": {"end": True, "review": True},
    }


async def test_an_escalated_review_is_not_for_the_agency_that_took_the_access(desk: Desk) -> None:
    url = f"/api/emergencies/{(await opened(desk)).json()['id']}"
    desk.clock.advance(48 * 3600)
    await jobs.JOBS[1].run(desk.worker)

    assert (await desk["admin"].get(url)).json()["may"]["review"]
    assert not (await desk["kadishub"].get(url)).json()["may"]["review"]
    refused = await desk["kadishub"].post(f"{url}/review", json={"outcome": "unclear"})
    assert refused.json()["code"] == "access.own_review"


async def test_breaking_the_glass_for_another_agency_is_not_ones_own_right(desk: Desk) -> None:
    await allow(desk, "jaksa", "Polrestabes", BREAK_GLASS)

    answer = await opened(desk, "jaksa")

    assert (answer.status_code, answer.json()["code"]) == (404, "not_found")
    assert await desk.rows("select id from access_emergency") == []


async def test_an_emergency_that_does_not_exist_is_not_found(desk: Desk) -> None:
    answer = await desk["pengawas"].get(f"/api/emergencies/{uuid4()}")

    assert (answer.status_code, answer.json()["code"]) == (404, "not_found")


async def test_an_owner_who_writes_requests_changes_none_of_those_to_them(desk: Desk) -> None:
    await allow(desk, "kadishub", "Dishub", REQUEST)
    url = f"/api/requests/{await desk.sent()}"

    withdrawn = await desk["kadishub"].post(f"{url}/withdraw", json={"reason": "Keliru"})
    shown = {login: (await desk[login].get(url)).json() for login in ("kadishub", "jaksa")}

    assert (withdrawn.status_code, withdrawn.json()["code"]) == (404, "not_found")
    assert {login: one["may"] for login, one in shown.items()} == {
        "kadishub": {"change": False, "withdraw": False},
        "jaksa": {"change": False, "withdraw": True},
    }


async def test_an_attachment_that_does_not_exist_is_not_found(desk: Desk) -> None:
    answer = await desk["jaksa"].get(f"/api/requests/{await desk.sent()}/attachments/{uuid4()}")

    assert (answer.status_code, answer.json()["code"]) == (404, "not_found")


async def test_a_part_is_decided_by_who_has_not_signed_and_has_not_asked(desk: Desk) -> None:
    """The head of the asking agency was given the owner's word, and still does not decide."""
    await allow(desk, "kajari", "Dishub", APPROVE, VIEW)
    request_id = await desk.sent()
    await desk.sign("kadishub", request_id, "kepala_lembaga")

    decide = {}
    for login in ("kadishub", "pdp", "kajari", "jaksa"):
        (part,) = (await desk[login].get(f"/api/requests/{request_id}")).json()["parts"]
        decide[login] = part["may"]["decide"]

    assert decide == {"kadishub": False, "pdp": True, "kajari": False, "jaksa": False}


async def test_a_request_is_addressed_to_every_agency_but_ones_own(desk: Desk) -> None:
    directory = (await desk["jaksa"].get("/api/requests/directory")).json()

    others = {str(id_) for short, id_ in desk.agencies.items() if short != "Kejari"}
    assert {one["id"] for one in directory["agencies"]} == others
    assert {one["id"] for one in directory["people"]} == {
        str(desk.people[login]) for login in ("jaksa", "kajari")
    }


async def test_who_only_sees_a_review_is_told_that_they_do_not_decide(desk: Desk) -> None:
    review = await opened_review(desk)
    await allow(desk, "pengawas", "Dishub", VIEW)

    seen = (await desk["pengawas"].get(f"/api/reviews/{review['id']}")).json()

    assert (review["may"]["decide"], seen["may"]["decide"]) == (True, False)
    own = {one["person_label"] for one in review["items"] if one["is_own"]}
    assert own == {"Kadishub"}
    assert {one["person_label"] for one in review["items"]} > own


async def test_a_right_that_is_not_of_the_review_is_not_decided_by_it(desk: Desk) -> None:
    review = await opened_review(desk)

    answer = await desk["kadishub"].post(
        f"/api/reviews/{review['id']}/decide",
        json={"items": [str(uuid4())], "decision": "confirmed"},
    )

    assert (answer.status_code, answer.json()["code"]) == (404, "not_found")


async def test_nobody_opens_the_review_of_another_agency(desk: Desk) -> None:
    body = {"agency_id": str(desk.agencies["Polrestabes"])}

    answer = await desk["kadishub"].post("/api/reviews", json=body)

    assert (answer.status_code, answer.json()["code"]) == (404, "not_found")
    assert await desk.rows("select id from access_review") == []


async def test_what_one_sees_of_an_agency_tells_nothing_of_its_emergencies(desk: Desk) -> None:
    """They hold the words of emergencies for their own agency, and of the other see cameras."""
    await allow(desk, "kadamkar", "Polrestabes", "camera:view")
    emergency_id = (await opened(desk)).json()["id"]
    desk.clock.advance(48 * 3600)
    await jobs.JOBS[1].run(desk.worker)

    listed = (await desk["kadamkar"].get("/api/emergencies")).json()["items"]
    waiting = (await desk["kadamkar"].get("/api/emergencies/unreviewed")).json()["items"]
    one = await desk["kadamkar"].get(f"/api/emergencies/{emergency_id}")

    assert (listed, waiting, one.status_code) == ([], [], 404)


async def test_the_bar_above_every_page_is_for_the_two_agencies_alone(desk: Desk) -> None:
    """Whoever sees the whole city sees it in the list."""
    await opened(desk)

    assert (await desk["admin"].get("/api/emergencies/active")).json()["total"] == 0
    assert len((await desk["admin"].get("/api/emergencies")).json()["items"]) == 1


async def test_who_sees_the_whole_city_writes_requests_for_their_own_agency(desk: Desk) -> None:
    await allow(desk, "admin", "Diskominfo", REQUEST)
    new = identity.NewRole(desk.agencies["Kejari"], "Jaga", ("camera:view",))
    async with desk.db.transaction(desk.system) as tx:
        role = await identity.create_role(desk.system, tx, new)

    directory = (await desk["admin"].get("/api/requests/directory")).json()
    letter = await desk.letter(people=[str(desk.people["jaksa"])])
    refused = await desk["admin"].post("/api/requests", json=letter)

    assert {one["id"] for one in directory["people"]} == {
        str(desk.people[login]) for login in ("admin", "supervisor")
    }
    assert role not in {one["name"] for one in directory["roles"]}
    assert refused.json()["code"] == "access.incomplete"


async def test_who_writes_for_another_agency_alone_is_shown_no_colleagues(desk: Desk) -> None:
    await allow(desk, "pengawas", "Damkar", REQUEST)
    await allow(desk, "pengawas", "Dishub", REQUEST, deny=True)

    directory = (await desk["pengawas"].get("/api/requests/directory")).json()

    assert directory["people"] == []


async def test_who_decides_for_the_whole_city_decides_one_part_at_a_time(desk: Desk) -> None:
    request_id = await desk.sent("Dishub", "Polrestabes")
    url = f"/api/requests/{request_id}/parts/{desk.agencies['Dishub']}/refuse"

    answer = await desk["supervisor"].post(url, json={"reason": "Tidak perlu"})
    parts = (await desk["jaksa"].get(f"/api/requests/{request_id}")).json()["parts"]

    assert answer.status_code == 200
    assert {one["owner"]["id"]: one["status"] for one in parts} == {
        str(desk.agencies["Dishub"]): "refused",
        str(desk.agencies["Polrestabes"]): "sent",
    }


async def test_what_one_sees_of_an_agency_tells_nothing_of_its_requests(desk: Desk) -> None:
    """Neither of requests between others, nor to whom else the letter went."""
    await allow(desk, "kadamkar", "Dishub", "camera:view")
    await allow(desk, "kadishub", "Polrestabes", "camera:view")
    request_id = await desk.sent("Dishub", "Polrestabes")
    await desk.sign("kapolres", request_id, "kepala_lembaga", "Polrestabes")

    listed = (await desk["kadamkar"].get("/api/requests", params={"ended": "1"})).json()["items"]
    one = await desk["kadamkar"].get(f"/api/requests/{request_id}")
    own = (await desk["kadishub"].get(f"/api/requests/{request_id}")).json()

    assert (listed, one.status_code) == ([], 404)
    assert [part["owner"]["id"] for part in own["parts"]] == [str(desk.agencies["Dishub"])]
    assert [part["approvals"] for part in own["parts"]] == [[]]
