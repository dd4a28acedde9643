"""What waits for one person: only what they can do now, and never their own."""

from tests.access.conftest import Desk
from tests.access.test_emergencies import opened


async def waiting(desk: Desk, login: str) -> dict[str, int]:
    answer = await desk[login].get("/api/requests/waiting")
    assert answer.status_code == 200, answer.text
    counts: dict[str, int] = answer.json()
    return counts


async def test_a_request_waits_for_those_who_can_still_sign_it(desk: Desk) -> None:
    request_id = await desk.sent()
    sent = {login: await waiting(desk, login) for login in ("kadishub", "pdp", "jaksa", "kapolres")}
    await desk.sign("kadishub", request_id, "kepala_lembaga")
    signed = {login: await waiting(desk, login) for login in ("kadishub", "pdp")}
    await desk.sign("pdp", request_id, "petugas_pdp")

    assert [1, 1, 0, 0] == [one["requests"] for one in sent.values()]
    assert [0, 1] == [one["requests"] for one in signed.values()]
    assert 0 == (await waiting(desk, "pdp"))["requests"]


async def test_one_in_the_role_that_signed_is_not_waited_for(desk: Desk) -> None:
    request_id = await desk.sent()
    before = (await waiting(desk, "pengawas2"))["requests"]
    await desk.sign("pengawas", request_id, "supervisor")

    assert 1 == before
    assert 0 == (await waiting(desk, "pengawas2"))["requests"]


async def test_an_emergency_waits_for_its_owner_until_answered_for(desk: Desk) -> None:
    emergency_id = (await opened(desk)).json()["id"]
    during = (await waiting(desk, "kapolres"))["emergencies"]
    desk.clock.advance(3601)
    counts = [(await waiting(desk, login))["emergencies"] for login in ("kapolres", "pengawas")]
    await desk["kapolres"].post(
        f"/api/emergencies/{emergency_id}/review", json={"outcome": "justified", "note": "Benar"}
    )

    assert (0, [1, 0]) == (during, counts)
    assert 0 == (await waiting(desk, "kapolres"))["emergencies"]


async def test_a_review_waits_until_only_the_own_rights_are_left(desk: Desk) -> None:
    opened = await desk["kadishub"].post(
        "/api/reviews", json={"agency_id": str(desk.agencies["Dishub"])}
    )
    review_id = opened.json()["id"]
    before = [(await waiting(desk, login))["reviews"] for login in ("kadishub", "kapolres")]
    shown = (await desk["kadishub"].get(f"/api/reviews/{review_id}")).json()
    others = [item["id"] for item in shown["items"] if not item["is_own"]]
    await desk["kadishub"].post(
        f"/api/reviews/{review_id}/decide", json={"items": others, "decision": "confirmed"}
    )

    assert [1, 0] == before
    assert 0 == (await waiting(desk, "kadishub"))["reviews"]
