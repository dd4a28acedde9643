"""Seats: enrolled by a code once, shown by a signature, binding people and roles."""

import base64
from dataclasses import dataclass, field

import httpx
import pytest
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from fastapi import FastAPI

from tests.identity.conftest import PASSWORD, City, Clients, signed_in
from tests.identity.test_factors import demand
from warroom.app.connections import WebSettings
from warroom.kernel.limits import RequestLimits

SIGN_IN = {"login": "polisi", "password": PASSWORD}


@dataclass
class Workstation:
    """A browser with a key that it signs challenges with, as WebCrypto does."""

    client: httpx.AsyncClient
    id: str = ""
    key: ec.EllipticCurvePrivateKey = field(
        default_factory=lambda: ec.generate_private_key(ec.SECP256R1())
    )

    async def enrol(self, code: str) -> httpx.Response:
        public = self.key.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
        body = {"code": code, "public_key": base64.b64encode(public).decode()}
        answer = await self.client.post("/api/seats/enrol", json=body)
        self.id = answer.json().get("id", "")
        return answer

    async def show(self, challenge: str | None = None) -> httpx.Response:
        if challenge is None:
            asked = await self.client.post("/api/seats/challenge", json={})
            challenge = asked.json()["challenge"]
        der = self.key.sign(f"warroom-seat-1:{challenge}".encode(), ec.ECDSA(hashes.SHA256()))
        r, s = decode_dss_signature(der)
        signature = base64.b64encode(r.to_bytes(32) + s.to_bytes(32)).decode()
        body = {"seat_id": self.id, "challenge": challenge, "signature": signature}
        return await self.client.post("/api/seats/pass", json=body)


async def new_code(city: City, browser: Clients, name: str = "Meja 7") -> str:
    async with signed_in(browser, "kepala") as chief:
        body = {"agency_id": str(city.agencies["Polrestabes"]), "name": name}
        answer = await chief.post("/api/seats", json=body)
        assert answer.status_code == 201, answer.text
        code: str = answer.json()["code"]
        return code


async def workstation(city: City, browser: Clients) -> Workstation:
    seat = Workstation(browser())
    enrolled = await seat.enrol(await new_code(city, browser))
    assert enrolled.status_code == 201, enrolled.text
    return seat


async def bind(city: City, browser: Clients) -> None:
    async with signed_in(browser, "kepala") as chief:
        path = f"/api/people/{city.people['polisi']}/seats-only"
        assert (await chief.put(path, json={"seats_only": True})).status_code == 204


async def test_somebody_bound_to_seats_signs_in_there_and_nowhere_else(
    city: City, browser: Clients
) -> None:
    seat = await workstation(city, browser)
    await bind(city, browser)

    elsewhere = await browser().post("/api/session", json=SIGN_IN)
    unshown = await seat.client.post("/api/session", json=SIGN_IN)
    shown = await seat.show()
    here = await seat.client.post("/api/session", json=SIGN_IN)
    sessions = (await seat.client.get("/api/sessions")).json()["items"]

    assert (elsewhere.status_code, elsewhere.json()["code"]) == (403, "identity.seat_required")
    assert "ruang kendali" in elsewhere.json()["detail"]
    assert unshown.status_code == 403
    assert (shown.status_code, shown.json()) == (200, {"name": "Meja 7"})
    assert here.status_code == 200
    assert [one["seat"] for one in sessions] == ["Meja 7"]


async def test_a_wrong_password_is_told_before_the_seat(city: City, browser: Clients) -> None:
    await bind(city, browser)

    answer = await browser().post("/api/session", json=SIGN_IN | {"password": "salah"})

    assert answer.json()["code"] == "identity.wrong_password"


async def test_binding_ends_the_sessions_that_were_opened_elsewhere(
    city: City, browser: Clients
) -> None:
    seat = await workstation(city, browser)
    await seat.show()
    await seat.client.post("/api/session", json=SIGN_IN)
    async with signed_in(browser, "polisi") as elsewhere:
        await bind(city, browser)

        assert (await elsewhere.get("/api/session")).status_code == 401
        assert (await seat.client.get("/api/session")).status_code == 200


async def test_a_role_can_bind_its_people_and_every_way_of_signing_in(
    city: City, browser: Clients
) -> None:
    await demand(city, "operate", seats_only=True)
    link = await city.doorkeeper.create_link(city.system, "polisi")

    by_password = await browser().post("/api/session", json=SIGN_IN)
    by_link = await browser().post("/api/session/link", json={"token": link})
    async with signed_in(browser, "kepala") as chief:
        free = await chief.get("/api/session")

    assert (by_password.status_code, by_link.status_code) == (403, 403)
    assert free.status_code == 200


async def test_a_code_makes_one_browser_the_seat_once(city: City, browser: Clients) -> None:
    code = await new_code(city, browser)
    first, second = Workstation(browser()), Workstation(browser())

    taken = await first.enrol(code.lower().replace("-", " "))
    again = await second.enrol(code)

    assert taken.status_code == 201
    assert (again.status_code, again.json()["code"]) == (422, "identity.wrong_seat_code")


async def test_a_code_is_good_for_a_quarter_of_an_hour(city: City, browser: Clients) -> None:
    code = await new_code(city, browser)
    city.clock.advance(15 * 60 + 1)

    assert (await Workstation(browser()).enrol(code)).status_code == 422


async def test_guessing_codes_is_slowed_down(city: City, browser: Clients) -> None:
    seat = Workstation(browser())

    answers = [(await seat.enrol("AAAA-AAAA-AAAA")).status_code for _ in range(6)]

    assert answers == [422] * 5 + [429]


async def test_another_key_is_not_the_seat(city: City, browser: Clients) -> None:
    seat = await workstation(city, browser)
    thief = Workstation(browser(), seat.id)

    answer = await thief.show()

    assert (answer.status_code, answer.json()["code"]) == (422, "identity.wrong_seat")
    assert "warroom_seat" not in thief.client.cookies


async def test_a_signature_seen_once_is_worth_nothing(city: City, browser: Clients) -> None:
    seat = await workstation(city, browser)
    challenge = (await seat.client.post("/api/seats/challenge", json={})).json()["challenge"]

    first, again = await seat.show(challenge), await seat.show(challenge)

    assert (first.status_code, again.status_code) == (200, 422)


async def test_a_stranger_who_asks_for_challenges_without_end_is_told_to_wait(
    app: FastAPI, city: City, browser: Clients, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(app.state.services[RequestLimits], "_now", lambda: 0.0)
    most = WebSettings().challenges_at_once
    seat = await workstation(city, browser)
    transport = httpx.ASGITransport(app=app, client=("203.0.113.9", 4711))
    async with httpx.AsyncClient(
        transport=transport, base_url="http://warroom.test", headers={"x-warroom": "1"}
    ) as stranger:
        asked = [await stranger.post("/api/seats/challenge", json={}) for _ in range(most + 1)]
        waits = await stranger.post("/api/session/passkey/options", json={})

    codes = [answer.status_code for answer in asked]
    assert [*[200] * most, 429] == codes
    assert (waits.status_code, waits.json()["code"]) == (429, "too_often")
    assert 200 == (await seat.show()).status_code


async def test_a_revoked_seat_signs_out_who_sits_there_and_is_none_any_more(
    city: City, browser: Clients
) -> None:
    seat = await workstation(city, browser)
    await seat.show()
    await bind(city, browser)
    await seat.client.post("/api/session", json=SIGN_IN)
    async with signed_in(browser, "kepala") as chief:
        await chief.delete(f"/api/seats/{seat.id}")
        left = (await chief.get("/api/seats")).json()["total"]

    assert left == 0
    assert (await seat.client.get("/api/session")).status_code == 401
    assert (await seat.client.post("/api/session", json=SIGN_IN)).status_code == 403
    assert (await seat.show()).json()["code"] == "identity.wrong_seat"


async def test_a_new_code_moves_the_seat_to_another_computer(city: City, browser: Clients) -> None:
    old = await workstation(city, browser)
    async with signed_in(browser, "kepala") as chief:
        code = (await chief.post(f"/api/seats/{old.id}/code")).json()["code"]
    before = await old.show()
    new = Workstation(browser())
    await new.enrol(code)

    assert before.status_code == 200
    assert (await new.show()).status_code == 200
    assert (await old.show()).status_code == 422


async def test_seats_are_made_and_seen_by_those_of_the_agency_alone(
    city: City, browser: Clients
) -> None:
    seat = await workstation(city, browser)
    body = {"agency_id": str(city.agencies["Polrestabes"]), "name": "Meja 9"}
    async with signed_in(browser, "kapten") as other, signed_in(browser, "polisi") as officer:
        refused = [
            await other.post("/api/seats", json=body),
            await other.post(f"/api/seats/{seat.id}/code"),
            await other.delete(f"/api/seats/{seat.id}"),
            await officer.get("/api/seats"),
        ]
        seen = (await other.get("/api/seats")).json()["total"]

    assert [answer.status_code for answer in refused] == [404] * 4
    assert seen == 0


@pytest.mark.parametrize("public_key", ["!", "eA==", base64.b64encode(b"x" * 91).decode()])
async def test_what_is_no_key_makes_no_seat(public_key: str, city: City, browser: Clients) -> None:
    code = await new_code(city, browser)
    body = {"code": code, "public_key": public_key}

    assert (await browser().post("/api/seats/enrol", json=body)).status_code == 422


async def test_what_happens_to_seats_is_written_down(city: City, browser: Clients) -> None:
    seat = await workstation(city, browser)
    async with signed_in(browser, "kepala") as chief:
        await chief.delete(f"/api/seats/{seat.id}")

    async with city.db.transaction(city.system) as tx:
        rows = await tx.execute(
            "select action, object_label, owner_agency_id from audit_entry"
            " where object_kind = 'seat' order by recorded_at"
        )
        found = await rows.fetchall()
    police = city.agencies["Polrestabes"]
    assert [(row["action"], row["object_label"]) for row in found] == [
        ("seat:created", "Meja 7"),
        ("seat:enrolled", "Meja 7"),
        ("seat:revoked", "Meja 7"),
    ]
    assert {row["owner_agency_id"] for row in found} == {police}
