"""Service accounts: programs of an agency, never mightier than who made them or their agency."""

from typing import Any

import httpx
import psycopg
import pytest
from hypothesis import given
from hypothesis import strategies as st
from starlette.requests import Request

from tests.identity.conftest import City, Clients, signed_in
from warroom.identity import api, rules
from warroom.kernel import actions
from warroom.kernel.postgres import Connections

BODY = {"name": "Peta Macet", "actions": ["agency:view", "camera:view", "audit:read"]}


def bearer(secret: str) -> dict[str, str]:
    return {"authorization": f"Bearer {secret}", "x-warroom": ""}


async def make(client: httpx.AsyncClient, city: City, short: str, **more: Any) -> dict[str, Any]:
    body = BODY | {"agency_id": str(city.agencies[short])} | more
    answer = await client.post("/api/applications", json=body)
    assert answer.status_code == 201, answer.text
    made: dict[str, Any] = answer.json()
    return made


async def token_of(client: httpx.AsyncClient, application: dict[str, Any], **more: Any) -> Any:
    url = f"/api/applications/{application['id']}/tokens"
    answer = await client.post(url, json={"name": "server"} | more)
    assert answer.status_code == 201, answer.text
    return answer.json()


async def test_a_program_acts_for_its_agency_and_for_nobody(city: City, browser: Clients) -> None:
    async with signed_in(browser, "kepala") as client:
        application = await make(client, city, "Polrestabes")
        made = await token_of(client, application)
    caller, headers = browser(), bearer(made["token"])

    session = (await caller.get("/api/session", headers=headers)).json()
    agencies = (await caller.get("/api/agencies", headers=headers)).json()["items"]
    people = await caller.get("/api/people", headers=headers)

    assert session["person"] is None
    assert session["actions"] == ["agency:view", "audit:read", "camera:view"]
    assert [agency["short"] for agency in agencies] == ["Polrestabes"]
    assert people.status_code == 404


async def test_what_a_program_does_is_in_the_audit_under_its_own_name(
    city: City, browser: Clients, connections: Connections
) -> None:
    async with signed_in(browser, "kepala") as client:
        application = await make(client, city, "Polrestabes")
        made = await token_of(client, application)
    answer = await browser().get("/api/audit", headers=bearer(made["token"]))

    with psycopg.connect(connections.superuser) as connection:
        row = connection.execute(
            "select person_id::text, person_label, agency_label, session_id::text, door"
            " from audit_entry where action = 'audit:read'"
        ).fetchone()
    assert answer.status_code == 200
    assert row == (application["id"], "Peta Macet", "Polrestabes", made["id"], "api")


async def test_nobody_makes_a_program_mightier_than_themselves(
    city: City, browser: Clients
) -> None:
    async with signed_in(browser, "kepala") as client:
        other = await client.post(
            "/api/applications", json=BODY | {"agency_id": str(city.agencies["Damkar"])}
        )
        whole = await client.post(
            "/api/applications",
            json=BODY | {"agency_id": str(city.agencies["Polrestabes"]), "reach": "city"},
        )

    assert (other.status_code, other.json()["code"]) == (404, "not_found")
    assert whole.json()["code"] == "identity.city_reach"


async def test_a_right_taken_from_the_maker_keeps_them_from_making_it_a_token(
    city: City, browser: Clients
) -> None:
    async with signed_in(browser, "kepala") as client, signed_in(browser, "admin") as admin:
        application = await make(client, city, "Polrestabes")
        await admin.post(
            "/api/grants",
            json={
                "person_id": str(city.people["kepala"]),
                "actions": ["camera:view"],
                "deny": True,
                "reason": "diperiksa",
            },
        )

        answer = await client.post(
            f"/api/applications/{application['id']}/tokens", json={"name": "x"}
        )

    assert answer.json()["code"] == "identity.beyond_own_rights"


@pytest.mark.parametrize("word", ["grant:configure", "recording:export", "*", "camera:*", "x:y"])
async def test_what_a_person_must_answer_for_is_not_given_to_programs(
    city: City, browser: Clients, word: str
) -> None:
    async with signed_in(browser, "admin") as client:
        body = BODY | {"agency_id": str(city.agencies["Diskominfo"]), "actions": [word]}
        answer = await client.post("/api/applications", json=body)

    assert (answer.status_code, answer.json()["params"]) == (422, {"word": word})


def test_what_programs_may_be_given_is_nothing_of_people_and_rights() -> None:
    given = {word.partition(":")[0] for word in actions.for_programs()}

    assert given.isdisjoint({"grant", "person", "role", "seat", "sign_in", "token", "provider"})
    assert {"unit:view", "traffic:report", "camera:view"} < set(actions.for_programs())
    assert {"unit:track", "recording:export", "access:approve"}.isdisjoint(actions.for_programs())


async def test_a_program_uses_its_agencys_grants_only_when_told_and_within_its_actions(
    city: City, browser: Clients
) -> None:
    async with signed_in(browser, "admin") as admin:
        plain = await token_of(admin, await make(admin, city, "Damkar", name="Tanpa"))
        using = await token_of(
            admin, await make(admin, city, "Damkar", name="Dengan", with_grants=True)
        )
        grant = await admin.post(
            "/api/grants",
            json={
                "to_agency_id": str(city.agencies["Damkar"]),
                "actions": ["agency:view", "person:view"],
                "agencies": [str(city.agencies["Polrestabes"])],
                "reason": "operasi bersama",
            },
        )

        async def seen(token: dict[str, str]) -> list[str]:
            answer = await browser().get("/api/agencies", headers=bearer(token["token"]))
            return sorted(agency["short"] for agency in answer.json()["items"])

        without, with_it = await seen(plain), await seen(using)
        people = await browser().get("/api/people", headers=bearer(using["token"]))
        await admin.delete(f"/api/grants/{grant.json()['id']}")
        after = await seen(using)

    assert (without, with_it) == (["Damkar"], ["Damkar", "Polrestabes"])
    assert people.status_code == 404
    assert after == ["Damkar"]


async def test_what_is_taken_from_the_agency_is_taken_from_its_programs(
    city: City, browser: Clients
) -> None:
    async with signed_in(browser, "admin") as admin:
        made = await token_of(admin, await make(admin, city, "Damkar"))
        before = await browser().get("/api/agencies", headers=bearer(made["token"]))
        await admin.post(
            "/api/grants",
            json={
                "to_agency_id": str(city.agencies["Damkar"]),
                "actions": ["agency:view"],
                "deny": True,
                "reason": "pemeriksaan",
            },
        )
        after = await browser().get("/api/agencies", headers=bearer(made["token"]))

    assert (before.json()["total"], after.status_code) == (1, 404)


async def test_a_token_may_hold_less_than_its_program_and_never_more(
    city: City, browser: Clients
) -> None:
    async with signed_in(browser, "kepala") as client:
        application = await make(client, city, "Polrestabes")
        made = await token_of(client, application, actions=["agency:view"])
        refused = await client.post(
            f"/api/applications/{application['id']}/tokens",
            json={"name": "x", "actions": ["live:view"]},
        )
        session = await browser().get("/api/session", headers=bearer(made["token"]))
        await client.patch(
            f"/api/applications/{application['id']}",
            json={"version": 1, "actions": ["camera:view"]},
        )
        after = await browser().get("/api/session", headers=bearer(made["token"]))

    assert session.json()["actions"] == ["agency:view"]
    assert refused.json()["code"] == "identity.not_for_applications"
    assert after.json()["actions"] == []


async def test_a_program_made_inactive_is_out_at_once_and_gets_no_token(
    city: City, browser: Clients
) -> None:
    async with signed_in(browser, "kepala") as client:
        application = await make(client, city, "Polrestabes")
        made = await token_of(client, application)
        before = await browser().get("/api/session", headers=bearer(made["token"]))

        changed = await client.patch(
            f"/api/applications/{application['id']}", json={"version": 1, "is_active": False}
        )

        after = await browser().get("/api/session", headers=bearer(made["token"]))
        again = await client.post(
            f"/api/applications/{application['id']}/tokens", json={"name": "x"}
        )
    assert (before.status_code, after.status_code, again.status_code) == (200, 401, 404)
    assert changed.json()["tokens"] == []


async def test_a_change_of_an_old_version_is_refused_and_names_are_unique_in_an_agency(
    city: City, browser: Clients
) -> None:
    async with signed_in(browser, "admin") as admin:
        application = await make(admin, city, "Polrestabes")
        await make(admin, city, "Damkar")
        url = f"/api/applications/{application['id']}"
        changed = await admin.patch(url, json={"version": 1, "purpose": "peta"})
        late = await admin.patch(url, json={"version": 1, "purpose": "lain"})
        twice = await admin.post(
            "/api/applications",
            json=BODY | {"name": "PETA macet", "agency_id": str(city.agencies["Damkar"])},
        )

    assert changed.json()["purpose"] == "peta"
    assert late.json()["code"] == "identity.changed_meanwhile"
    assert (twice.status_code, twice.json()["code"]) == (409, "identity.taken")


async def test_limits_and_grants_of_the_agency_exclude_each_other(
    city: City, browser: Clients
) -> None:
    async with signed_in(browser, "kepala") as client:
        body = BODY | {
            "agency_id": str(city.agencies["Polrestabes"]),
            "with_grants": True,
            "places": ["73.71.04"],
        }
        answer = await client.post("/api/applications", json=body)

    assert answer.json()["code"] == "identity.limits_with_grants"


async def test_programs_of_another_agency_do_not_exist(city: City, browser: Clients) -> None:
    async with signed_in(browser, "kepala") as client:
        application = await make(client, city, "Polrestabes")
        made = await token_of(client, application)
    async with signed_in(browser, "kapten") as other, signed_in(browser, "regu") as viewer:
        listed = (await other.get("/api/applications")).json()
        change = await other.patch(
            f"/api/applications/{application['id']}", json={"version": 1, "name": "x"}
        )
        rotated = await other.post(f"/api/tokens/{made['id']}/rotate", json={})
        ended = await other.delete(f"/api/tokens/{made['id']}")
        unseen = await viewer.get("/api/applications")

    assert listed["items"] == []
    assert [change.status_code, rotated.status_code, ended.status_code] == [404, 404, 404]
    assert unseen.status_code == 404


async def test_a_program_manages_no_programs(city: City, browser: Clients) -> None:
    async with signed_in(browser, "kepala") as client:
        personal = (await client.post("/api/tokens", json={"name": "skrip"})).json()
        application = await make(client, city, "Polrestabes")
    headers = bearer(personal["token"])

    made = await browser().post(
        "/api/applications",
        json=BODY | {"name": "Dua", "agency_id": str(city.agencies["Polrestabes"])},
        headers=headers,
    )
    token = await browser().post(
        f"/api/applications/{application['id']}/tokens", json={"name": "x"}, headers=headers
    )
    rotated = await browser().post(f"/api/tokens/{personal['id']}/rotate", json={}, headers=headers)

    assert {made.json()["code"], token.json()["code"], rotated.json()["code"]} == {"needs_session"}


async def test_a_rotated_token_lives_beside_its_successor_until_the_overlap_is_over(
    city: City, browser: Clients
) -> None:
    async with signed_in(browser, "kepala") as client:
        application = await make(client, city, "Polrestabes")
        old = await token_of(client, application, days=90, networks=["127.0.0.0/8"])
        answer = await client.post(f"/api/tokens/{old['id']}/rotate", json={"overlap_hours": 2})
        new = answer.json()
        (listed,) = (await client.get("/api/applications")).json()["items"]
        again = await client.post(f"/api/tokens/{old['id']}/rotate", json={})
    caller = browser()

    async def status(token: dict[str, str]) -> int:
        return (await caller.get("/api/session", headers=bearer(token["token"]))).status_code

    both = (await status(old), await status(new))
    city.clock.advance(7_195)
    late = (await status(old), await status(new))
    city.clock.advance(6)
    after = (await status(old), await status(new))

    assert (answer.status_code, again.status_code) == (201, 404)
    assert {one["id"]: one["replaced_by"] for one in listed["tokens"]} == {
        old["id"]: new["id"],
        new["id"]: None,
    }
    assert [one["networks"] for one in listed["tokens"]] == [["127.0.0.0/8"]] * 2
    assert new["expires_at"] == old["expires_at"]
    assert (both, late, after) == ((200, 200), (200, 200), (401, 200))


async def test_a_token_rotated_without_overlap_is_over_at_once(
    city: City, browser: Clients
) -> None:
    async with signed_in(browser, "kepala") as client:
        old = (await client.post("/api/tokens", json={"name": "skrip"})).json()
        before = await browser().get("/api/session", headers=bearer(old["token"]))
        await client.post(f"/api/tokens/{old['id']}/rotate", json={"overlap_hours": 0})

    after = await browser().get("/api/session", headers=bearer(old["token"]))
    assert (before.status_code, after.status_code) == (200, 401)


async def test_a_token_is_refused_from_a_foreign_address_and_its_agency_reads_of_it_once(
    city: City, browser: Clients, connections: Connections
) -> None:
    async with signed_in(browser, "kepala") as client:
        application = await make(client, city, "Polrestabes")
        made = await token_of(client, application, networks=["10.20.0.0/16", "2001:db8::/32"])
        answers = [
            await browser().get("/api/session", headers=bearer(made["token"])) for _ in range(3)
        ]
        (listed,) = (await client.get("/api/applications")).json()["items"]

    with psycopg.connect(connections.superuser) as connection:
        rows = connection.execute(
            "select person_label, address from audit_entry where action = 'token:refused'"
        ).fetchall()
    assert {(one.status_code, one.json()["code"]) for one in answers} == {
        (403, "identity.foreign_address")
    }
    assert rows == [("Peta Macet", "127.0.0.1")]
    assert listed["tokens"][0]["last_used_at"] is None


@pytest.mark.parametrize("network", ["10.20.4.17/16", "rumah", "300.1.1.1", ""])
async def test_a_network_that_cannot_be_read_is_named(browser: Clients, network: str) -> None:
    async with signed_in(browser, "kepala") as client:
        answer = await client.post("/api/tokens", json={"name": "x", "networks": [network]})

    assert (answer.json()["code"], answer.json()["params"]) == (
        "identity.network",
        {"word": network},
    )


async def test_the_last_use_tells_when_whence_and_for_what_kind_of_thing(
    city: City, browser: Clients
) -> None:
    async with signed_in(browser, "kepala") as client:
        made = await token_of(client, await make(client, city, "Polrestabes"))
        agency = city.agencies["Polrestabes"]
        await browser().get(f"/api/agencies?q={agency}", headers=bearer(made["token"]))
        (listed,) = (await client.get("/api/applications")).json()["items"]

    (token,) = listed["tokens"]
    assert token["last_used_at"] == "2026-11-24T06:00:00.000Z"
    assert (token["last_address"], token["last_route"]) == ("127.0.0.1", "GET /api/agencies")


async def test_who_asks_too_often_waits_and_harms_no_other_token(
    city: City, browser: Clients
) -> None:
    async with signed_in(browser, "kepala") as client:
        application = await make(client, city, "Polrestabes")
        busy = await token_of(client, application, per_minute=6)
        calm = await token_of(client, application)
    caller = browser()

    first = await caller.get("/api/session", headers=bearer(busy["token"]))
    second = await caller.get("/api/session", headers=bearer(busy["token"]))
    other = await caller.get("/api/session", headers=bearer(calm["token"]))
    city.clock.advance(10)
    later = await caller.get("/api/session", headers=bearer(busy["token"]))

    assert [first.status_code, second.status_code, other.status_code] == [200, 429, 200]
    assert second.json()["code"] == "identity.too_many_requests"
    assert int(second.headers["retry-after"]) >= second.json()["params"]["wait_s"] == 10
    assert later.status_code == 200


async def test_processes_that_answer_tokens_share_the_limit(
    city: City, browser: Clients, services: dict[type, object]
) -> None:
    """A second process that has answered a token takes its half of the limit."""
    async with signed_in(browser, "kepala") as client:
        application = await make(client, city, "Polrestabes")
        made = await token_of(client, application, per_minute=12)
    settings = services[api.IdentitySettings]
    assert isinstance(settings, api.IdentitySettings)
    other = api.Authenticator(city.db, city.clock, settings)
    request = _request(made["token"])

    await other(request)
    answers = [await browser().get("/api/session", headers=bearer(made["token"])) for _ in range(2)]

    assert [answer.status_code for answer in answers] == [200, 429]


def _request(secret: str) -> Any:
    return Request(
        {
            "type": "http",
            "method": "GET",
            "path": "/api/session",
            "query_string": b"",
            "server": ("warroom.test", 80),
            "scheme": "http",
            "client": ("127.0.0.1", 1),
            "headers": [(b"authorization", f"Bearer {secret}".encode())],
        }
    )


@given(
    per_minute=st.integers(1, 6_000),
    gaps=st.lists(st.floats(0, 30, allow_nan=False), min_size=1, max_size=60),
)
def test_a_bucket_gives_its_burst_and_then_its_pace(per_minute: int, gaps: list[float]) -> None:
    meter, now, taken = rules.Meter(), 0.0, 0
    for gap in gaps:
        now += gap
        wait_s = meter.take("token", per_minute, now)
        taken += wait_s is None
        if wait_s is not None:
            assert meter.take("token", per_minute, now + wait_s * 0.98) is not None or wait_s < 1e-6
    burst = max(rules.Meter.BURST_S * per_minute / 60, 1.0)

    assert taken <= burst + now * per_minute / 60 + 1e-6


def test_whoever_waits_as_told_is_let_in() -> None:
    meter = rules.Meter()
    while (wait_s := meter.take("token", 60, 100.0)) is None:
        pass

    assert meter.take("token", 60, 100.0 + wait_s) is None
    assert meter.take("other", 60, 100.0) is None


@pytest.mark.parametrize(
    ("address", "networks", "expected"),
    [
        ("10.20.4.17", ["10.20.0.0/16"], True),
        ("10.21.4.17", ["10.20.0.0/16"], False),
        ("::ffff:10.20.4.17", ["10.20.0.0/16"], True),
        ("fe80::1%eth0", ["fe80::/10"], True),
        ("2001:db8::1", ["10.20.0.0/16", "2001:db8::/32"], True),
        (None, ["0.0.0.0/0", "::/0"], False),
        (None, [], True),
    ],
)
def test_an_address_is_judged_as_itself(
    address: str | None, networks: list[str], expected: bool
) -> None:
    assert rules.is_among(address, networks) is expected
