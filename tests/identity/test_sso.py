"""Single sign-on against a real provider over sockets, honest and not."""

import asyncio
from collections.abc import Iterator
from typing import Any
from urllib.parse import parse_qs, urlsplit

import httpx
import psycopg
import pytest
from joserfc.jwk import RSAKey

from tests.identity.conftest import PASSWORD, City, Clients, services_of, signed_in
from tests.identity.provider import SUB, Idp, running_provider, seconds_ago
from tests.identity.test_factors import enrol, show
from warroom.identity import api, sso_rules
from warroom.identity.errors import SsoOverError, SsoUnknownError
from warroom.identity.store import providers as store
from warroom.kernel.clock import FixedClock, SystemClock
from warroom.kernel.db import Database
from warroom.kernel.ids import new_id
from warroom.kernel.postgres import Connections

CLAIMS = {
    "email": "Aminah@Damkar.example",
    "email_verified": True,
    "name": "Sitti Aminah",
    "preferred_username": "Aminah S.",
    "instansi": "PMK",
    "groups": ["regu", "lain"],
}


@pytest.fixture
def clock() -> FixedClock:
    """The provider lives by the machine's clock, so these tests do too."""
    return FixedClock(SystemClock().now())


@pytest.fixture
def services(db: Database, clock: FixedClock, tmp_path: Any) -> dict[type, object]:
    environment = {"WARROOM_DEMO": "1", "WARROOM_OUTBOUND_ALLOW_LOOPBACK": "true"}
    return services_of(db, clock, tmp_path, environment)


@pytest.fixture
def idp() -> Iterator[Idp]:
    with running_provider(CLAIMS) as running:
        yield running


async def configure(browser: Clients, city: City, idp: Idp, **more: Any) -> dict[str, Any]:
    """Makes the provider for the fire brigade, unless told otherwise."""
    body = {
        "slug": "kota",
        "name": "SSO Kota",
        "issuer": idp.address,
        "client_id": "warroom",
        "secret": "rahasia sekali",
        "agencies": [str(city.agencies["Damkar"])],
    }
    async with signed_in(browser, "admin") as admin:
        answer = await admin.post("/api/providers", json=body | more)
    assert answer.status_code == 201, answer.text
    made: dict[str, Any] = answer.json()
    return made


async def depart(client: httpx.AsyncClient, **body: Any) -> str:
    answer = await client.post("/api/sso/kota", json=body)
    assert answer.status_code == 200, answer.text
    url: str = answer.json()["url"]
    return url


async def come_back(client: httpx.AsyncClient, given: dict[str, str]) -> str:
    """Where the browser is sent on to."""
    answer = await client.get("/api/sso/callback", params=given)
    assert answer.status_code == 303
    return answer.headers["location"]


async def sign_in(client: httpx.AsyncClient, idp: Idp, **body: Any) -> str:
    url = await depart(client, **body)
    return await come_back(client, await asyncio.to_thread(idp.sign_in, url))


def trouble(location: str) -> str:
    return parse_qs(urlsplit(location).query).get("masalah", [""])[0]


def who(answer: httpx.Response) -> str | None:
    return answer.json()["person"]["login"] if answer.status_code == 200 else None


async def link(browser: Clients, idp: Idp, login: str) -> None:
    async with signed_in(browser, login) as client:
        assert await sign_in(client, idp, link=True, next="/akun") == "/akun"


async def test_the_first_sign_in_makes_a_person_of_the_agency_the_claim_names(
    city: City, browser: Clients, idp: Idp, connections: Connections
) -> None:
    await configure(
        browser,
        city,
        idp,
        creates=True,
        agency_claim="instansi",
        agency_map={"PMK": str(city.agencies["Damkar"])},
        groups_claim="groups",
        role_map={"regu": "view"},
    )
    client = browser()

    location = await sign_in(client, idp, next="/peta")
    session = await client.get("/api/session")

    assert location == "/peta"
    assert session.json()["person"]["login"] == "aminahs."
    assert session.json()["person"]["name"] == "Sitti Aminah"
    assert session.json()["agency"]["short"] == "Damkar"
    assert "camera:view" in session.json()["actions"]
    with psycopg.connect(connections.superuser) as connection:
        rows = connection.execute("select method from session where method like 'oidc%'").fetchall()
    assert rows == [("oidc:kota",)]


@pytest.mark.parametrize(
    ("bent", "name"),
    [
        ({"name": None}, "Sitti Aminah"),
        ({"name": "Dari Token"}, "Dari Token"),
        ({"name": None, "sub": "orang-lain"}, "kota-orang"),
    ],
)
async def test_a_name_that_the_id_token_leaves_out_is_read_from_userinfo_of_the_same_subject(
    city: City, browser: Clients, idp: Idp, bent: dict[str, Any], name: str
) -> None:
    await configure(browser, city, idp, creates=True, default_role="view")
    idp.bent_claims = {"preferred_username": None, "email": None, "groups": None, **bent}
    client = browser()

    await sign_in(client, idp)

    assert name == (await client.get("/api/session")).json()["person"]["name"]


async def test_a_sign_in_goes_on_where_userinfo_is_away(
    city: City, browser: Clients, idp: Idp
) -> None:
    await configure(browser, city, idp, creates=True, default_role="view")
    idp.bent_claims = {"name": None}
    idp.metadata = {"userinfo_endpoint": f"{idp.address}/tidak/ada"}
    client = browser()

    await sign_in(client, idp)

    assert 200 == (await client.get("/api/session")).status_code


def test_userinfo_says_nothing_of_how_somebody_signed_in() -> None:
    claims = {"sub": "a", "email": "a@kota.example"}
    told = {"sub": "a", "amr": ["hwk"], "auth_time": 1, "email_verified": True, "name": "Aminah"}

    assert claims | {"name": "Aminah"} == sso_rules.with_userinfo(claims, told)


async def test_the_second_sign_in_finds_the_same_person_with_the_roles_of_today(
    city: City, browser: Clients, idp: Idp
) -> None:
    await configure(
        browser, city, idp, creates=True, groups_claim="groups", role_map={"regu": "operate"}
    )
    first, second = browser(), browser()
    await sign_in(first, idp)
    before = (await first.get("/api/session")).json()

    idp.bent_claims = {"groups": []}
    await sign_in(second, idp)
    after = (await second.get("/api/session")).json()

    assert before["person"]["id"] == after["person"]["id"]
    assert ("ptz:move" in before["actions"], after["actions"]) == (True, [])


async def test_a_provider_gives_no_rights_in_another_agency(
    city: City, browser: Clients, idp: Idp
) -> None:
    """A claim that names an agency which is not the provider's, and one nobody mapped."""
    await configure(
        browser,
        city,
        idp,
        creates=True,
        agency_claim="instansi",
        agency_map={"PMK": str(city.agencies["Damkar"])},
    )
    client = browser()
    idp.bent_claims = {"instansi": "Polrestabes"}
    other = await sign_in(client, idp)
    idp.bent_claims = {"instansi": ["PMK"]}
    odd = await sign_in(client, idp)
    async with signed_in(browser, "admin") as admin:
        foreign = await admin.post(
            "/api/providers",
            json={
                "slug": "lain",
                "name": "Lain",
                "issuer": idp.address,
                "client_id": "x",
                "agencies": [str(city.agencies["Damkar"])],
                "agency_claim": "instansi",
                "agency_map": {"POL": str(city.agencies["Polrestabes"])},
            },
        )

    assert (trouble(other), trouble(odd)) == ("identity.sso_agency", "identity.sso_agency")
    assert (await client.get("/api/session")).status_code == 401
    assert foreign.json()["code"] == "identity.provider_map"


async def test_somebody_of_another_agency_cannot_link_and_a_moved_person_cannot_come_in(
    city: City, browser: Clients, idp: Idp
) -> None:
    await configure(browser, city, idp)
    async with signed_in(browser, "polisi") as police:
        refused = await sign_in(police, idp, link=True)
    await link(browser, idp, "regu")
    before = browser()
    await sign_in(before, idp)
    async with signed_in(browser, "admin") as admin:
        url = f"/api/people/{city.people['regu']}"
        version = (await admin.get(url)).json()["version"]
        moved = {"version": version, "agency_id": str(city.agencies["Polrestabes"])}
        await admin.patch(url, json=moved)

    after = await sign_in(browser(), idp)

    assert trouble(refused) == "identity.sso_agency"
    assert who(await before.get("/api/session")) == "regu"
    assert trouble(after) == "identity.sso_agency"


async def test_nobody_unknown_is_let_in_where_the_provider_makes_no_people(
    city: City, browser: Clients, idp: Idp, connections: Connections
) -> None:
    await configure(browser, city, idp)

    location = await sign_in(browser(), idp)

    assert trouble(location) == "identity.sso_unknown"
    assert "SSO+Kota" in location
    with psycopg.connect(connections.superuser) as connection:
        row = connection.execute(
            "select object_label from audit_entry where action = 'session:refused'"
        ).fetchone()
    assert row == ("SSO Kota",)


async def test_who_may_not_sign_in_here_is_nobody_by_the_provider_either(
    city: City, browser: Clients, idp: Idp
) -> None:
    await configure(browser, city, idp)
    await link(browser, idp, "regu")
    async with signed_in(browser, "admin") as admin:
        url = f"/api/people/{city.people['regu']}"
        version = (await admin.get(url)).json()["version"]
        ended = await admin.patch(url, json={"version": version, "is_active": False})

    location = await sign_in(browser(), idp)

    assert ended.status_code == 200, ended.text
    assert trouble(location) == "identity.sso_unknown"


async def test_somebody_who_went_meanwhile_is_neither_linked_nor_given_roles(
    city: City, browser: Clients, idp: Idp, services: dict[type, object]
) -> None:
    """Between the provider's answer and what follows from it."""
    await configure(browser, city, idp)
    sso, gone, claims = services[api.SingleSignOn], new_id(), {"sub": "x", "groups": []}
    assert isinstance(sso, api.SingleSignOn)
    async with city.db.transaction(city.system) as tx:
        provider = await store.find_provider(city.system, tx, "kota")
    assert provider is not None

    with pytest.raises(SsoOverError):
        await sso._link(provider, {"is_session_open": True, "person_id": gone}, claims, None)
    with pytest.raises(SsoUnknownError):
        async with city.db.transaction(city.system) as tx:
            await sso._renew_roles(city.system, tx, provider, claims, gone)


async def test_who_is_signed_in_links_their_account_and_takes_it_away(
    city: City, browser: Clients, idp: Idp
) -> None:
    await configure(browser, city, idp)
    await link(browser, idp, "regu")
    client = browser()

    await sign_in(client, idp)
    session = await client.get("/api/session")
    (linked,) = (await client.get("/api/sso/links")).json()["items"]
    removed = await client.delete(f"/api/sso/links/{linked['id']}")
    after = await sign_in(browser(), idp)

    assert (who(session), linked["provider"]) == ("regu", "SSO Kota")
    assert removed.status_code == 204
    assert trouble(after) == "identity.sso_unknown"


async def test_an_account_is_linked_to_one_person_alone(
    city: City, browser: Clients, idp: Idp
) -> None:
    await configure(browser, city, idp)
    await link(browser, idp, "regu")

    async with signed_in(browser, "kapten") as client:
        location = await sign_in(client, idp, link=True, next="/akun")

    assert trouble(location) == "identity.link_taken"


async def test_a_link_begun_in_a_session_that_has_ended_is_not_made(
    city: City, browser: Clients, idp: Idp
) -> None:
    await configure(browser, city, idp)
    async with signed_in(browser, "regu") as client:
        given = await asyncio.to_thread(idp.sign_in, await depart(client, link=True))
        await client.delete("/api/session")
        location = await come_back(client, given)

    assert trouble(location) == "identity.sso_over"


async def test_a_verified_address_counts_only_where_an_administrator_said_so(
    city: City, browser: Clients, idp: Idp
) -> None:
    await configure(browser, city, idp)
    without = await sign_in(browser(), idp)
    async with signed_in(browser, "kapten") as head:
        made = await head.post(
            f"/api/people/{city.people['regu']}/links",
            json={"provider": "kota", "email": "aminah@damkar.example"},
        )
    idp.bent_claims = {"email_verified": False}
    unverified = await sign_in(browser(), idp)
    idp.bent_claims = {"email_verified": "true"}
    worded = await sign_in(browser(), idp)
    idp.bent_claims = {}
    client = browser()
    await sign_in(client, idp)

    assert made.status_code == 204, made.text
    assert {trouble(one) for one in (without, unverified, worded)} == {"identity.sso_unknown"}
    assert who(await client.get("/api/session")) == "regu"


async def test_an_account_linked_by_its_subject_comes_in(
    city: City, browser: Clients, idp: Idp
) -> None:
    await configure(browser, city, idp)
    async with signed_in(browser, "kapten") as head:
        url = f"/api/people/{city.people['regu']}/links"
        await head.post(url, json={"provider": "kota", "subject": SUB})
        listed = (await head.get(url)).json()["items"]
        both = await head.post(url, json={"provider": "kota", "subject": "a", "email": "a@b.c"})
    client = browser()

    await sign_in(client, idp)

    assert who(await client.get("/api/session")) == "regu"
    assert [one["subject"] for one in listed] == [SUB]
    assert both.status_code == 422


async def test_linking_somebody_mightier_is_no_ladder(
    city: City, browser: Clients, idp: Idp
) -> None:
    """The head of the fire brigade gives themselves no way in as the system's administrator."""
    await configure(
        browser, city, idp, agencies=[str(city.agencies[one]) for one in ("Damkar", "Diskominfo")]
    )
    async with signed_in(browser, "kapten") as head, signed_in(browser, "operator") as operator:
        body = {"provider": "kota", "subject": SUB}
        other = await head.post(f"/api/people/{city.people['admin']}/links", json=body)
        weak = await operator.post(f"/api/people/{city.people['admin']}/links", json=body)

    assert (other.status_code, weak.status_code) == (404, 404)


async def test_the_last_way_in_is_not_taken_away(city: City, browser: Clients, idp: Idp) -> None:
    await configure(browser, city, idp, creates=True)
    client = browser()
    await sign_in(client, idp)
    (linked,) = (await client.get("/api/sso/links")).json()["items"]

    answer = await client.delete(f"/api/sso/links/{linked['id']}")

    assert (answer.status_code, answer.json()["code"]) == (409, "identity.last_way_in")
    assert len((await client.get("/api/sso/links")).json()["items"]) == 1


HOSTILE: dict[str, dict[str, Any]] = {
    "another nonce": {"bent_claims": {"nonce": "x"}},
    "no nonce": {"bent_claims": {"nonce": None}},
    "another audience": {"bent_claims": {"aud": "somebody"}},
    "several audiences without a party": {"bent_claims": {"aud": ["warroom", "other"]}},
    "another party": {"bent_claims": {"azp": "other"}},
    "another issuer": {"bent_claims": {"iss": "https://evil.example"}},
    "expired": {"bent_claims": {"exp": seconds_ago(3_600)}},
    "not yet": {"bent_claims": {"nbf": seconds_ago(-3_600)}},
    "issued in the future": {"bent_claims": {"iat": seconds_ago(-3_600)}},
    "no subject": {"bent_claims": {"sub": None}},
    "an empty subject": {"bent_claims": {"sub": ""}},
    "no end": {"bent_claims": {"exp": None}},
    "another access token": {"bent_claims": {"at_hash": "AAAAAAAAAAAAAAAAAAAAAA"}},
    "unsigned": {"unsigned": True},
    "a foreign key": {"key": RSAKey.generate_key(2048, private=True)},
    "a key that is not known": {
        "key": RSAKey.generate_key(2048, private=True),
        "bent_header": {"kid": "new"},
    },
    "metadata of another issuer": {"metadata": {"issuer": "https://evil.example"}},
    "metadata without keys": {"metadata": {"jwks_uri": None}},
}


@pytest.mark.parametrize("kind", HOSTILE)
async def test_an_answer_that_cannot_be_trusted_lets_nobody_in(
    city: City, browser: Clients, idp: Idp, kind: str
) -> None:
    await configure(browser, city, idp, creates=True)
    for name, value in HOSTILE[kind].items():
        setattr(idp, name, value)
    client = browser()

    begun = await client.post("/api/sso/kota", json={})
    code = begun.json().get("code")
    if begun.status_code == 200:
        given = await asyncio.to_thread(idp.sign_in, begun.json()["url"])
        code = trouble(await come_back(client, given))

    assert code == "identity.sso_answer"
    assert (await client.get("/api/session")).status_code == 401


async def test_a_code_or_a_state_is_used_once(city: City, browser: Clients, idp: Idp) -> None:
    await configure(browser, city, idp, creates=True)
    client = browser()
    given = await asyncio.to_thread(idp.sign_in, await depart(client))
    await come_back(client, given)
    replayed = await come_back(client, given)
    # The same code again, under a sign-in that is fresh.
    await depart(client)
    fresh = await asyncio.to_thread(idp.sign_in, await depart(client))
    reused = await come_back(client, fresh | {"code": given["code"]})

    assert trouble(replayed) == "identity.sso_over"
    assert trouble(reused) == "identity.sso_answer"


async def test_another_browser_cannot_end_what_this_one_began(
    city: City, browser: Clients, idp: Idp
) -> None:
    """Neither an attacker's code in my browser, nor mine in theirs."""
    await configure(browser, city, idp, creates=True)
    mine, theirs = browser(), browser()
    given = await asyncio.to_thread(idp.sign_in, await depart(theirs))
    bare = await come_back(mine, given)
    again = await asyncio.to_thread(idp.sign_in, await depart(theirs))
    await depart(mine)
    mixed = await come_back(mine, again)

    assert (trouble(bare), trouble(mixed)) == ("identity.sso_over", "identity.sso_over")
    assert (await mine.get("/api/session")).status_code == 401


async def test_a_code_stolen_on_its_way_is_worth_nothing_without_the_verifier(
    city: City, browser: Clients, idp: Idp
) -> None:
    await configure(browser, city, idp, creates=True)
    victim, thief = browser(), browser()
    stolen = await asyncio.to_thread(idp.sign_in, await depart(victim))
    own = await asyncio.to_thread(idp.sign_in, await depart(thief))

    location = await come_back(thief, own | {"code": stolen["code"]})

    assert trouble(location) == "identity.sso_answer"


async def test_an_answer_of_another_server_is_not_taken_for_this_ones(
    city: City, browser: Clients, idp: Idp
) -> None:
    """Mix-up: the answer names another issuer, or none where the provider promised to."""
    await configure(browser, city, idp, creates=True)
    client = browser()
    given = await asyncio.to_thread(idp.sign_in, await depart(client))
    other = await come_back(client, given | {"iss": "https://evil.example"})
    idp.metadata = {"authorization_response_iss_parameter_supported": True}
    city.clock.advance(700)
    given = await asyncio.to_thread(idp.sign_in, await depart(client))
    absent = await come_back(client, given)
    given = await asyncio.to_thread(idp.sign_in, await depart(client))
    right = await come_back(client, given | {"iss": idp.address})

    assert (trouble(other), trouble(absent), right) == (
        "identity.sso_answer",
        "identity.sso_answer",
        "/",
    )


async def test_who_gives_up_at_the_provider_is_told_so(
    city: City, browser: Clients, idp: Idp
) -> None:
    await configure(browser, city, idp)
    client = browser()
    state = parse_qs(urlsplit(await depart(client)).query)["state"][0]

    location = await come_back(client, {"state": state, "error": "access_denied"})

    assert trouble(location) == "identity.sso_refused"


async def test_a_sign_in_is_over_after_ten_minutes(city: City, browser: Clients, idp: Idp) -> None:
    await configure(browser, city, idp, creates=True)
    client = browser()
    given = await asyncio.to_thread(idp.sign_in, await depart(client))
    city.clock.advance(601)

    assert trouble(await come_back(client, given)) == "identity.sso_over"


async def test_a_provider_that_is_down_says_so_and_passwords_go_on(
    city: City, browser: Clients, idp: Idp
) -> None:
    await configure(browser, city, idp)
    idp.is_down = True
    client = browser()

    shown = (await client.get("/api/sso/providers")).json()["items"]
    away = await client.post("/api/sso/kota", json={})
    local = await client.post("/api/session", json={"login": "regu", "password": PASSWORD})

    assert shown == [{"slug": "kota", "name": "SSO Kota"}]
    assert (away.status_code, away.json()["code"]) == (503, "identity.sso_away")
    assert local.status_code == 200


async def test_new_keys_of_the_provider_are_fetched_when_they_are_needed(
    city: City, browser: Clients, idp: Idp
) -> None:
    await configure(browser, city, idp, creates=True)
    await sign_in(browser(), idp)
    idp.renew_key()
    city.clock.advance(31)
    client = browser()

    location = await sign_in(client, idp)

    assert location == "/"
    assert (await client.get("/api/session")).status_code == 200


async def test_a_second_factor_seen_there_counts_where_it_is_set_so(
    city: City, browser: Clients, idp: Idp, connections: Connections
) -> None:
    await configure(browser, city, idp, creates=True, factor_values=["mfa", "urn:loa:3"])
    await sign_in(browser(), idp)
    for claims in ({"amr": ["pwd", "mfa"]}, {"acr": "urn:loa:3"}, {"amr": "mfa"}):
        idp.bent_claims = claims
        await sign_in(browser(), idp)

    with psycopg.connect(connections.superuser) as connection:
        rows = connection.execute(
            "select strength from session where method = 'oidc:kota' order by id"
        ).fetchall()
    assert [strength for (strength,) in rows] == [0, 1, 1]


async def test_after_a_provider_the_own_second_factor_is_asked_for_and_both_are_written(
    city: City, browser: Clients, idp: Idp
) -> None:
    made = await configure(browser, city, idp)
    await link(browser, idp, "kapten")
    async with signed_in(browser, "kapten") as own:
        enrolled = await enrol(city, own)
    client = browser()

    location = await sign_in(client, idp)
    step = parse_qs(urlsplit(location).fragment)
    before = await client.get("/api/session")
    code = enrolled.totp.at(city.clock.now())
    opened = await show(client, step["langkah"][0], code)
    account = (await client.get("/api/account")).json()
    async with signed_in(browser, "admin") as admin:
        await admin.patch(f"/api/providers/{made['id']}", json={"version": 1, "is_active": False})

    assert (trouble(location), before.status_code) == ("", 401)
    assert step["cara"] == ["totp,recovery"]
    assert who(opened) == "kapten"
    assert account["method"] == "oidc:kota+totp"
    assert (await client.get("/api/session")).status_code == 401


async def test_a_provider_made_inactive_ends_its_sessions_and_is_gone_from_the_sign_in(
    city: City, browser: Clients, idp: Idp
) -> None:
    made = await configure(browser, city, idp, creates=True)
    client = browser()
    await sign_in(client, idp)
    async with signed_in(browser, "admin") as admin:
        listed = (await admin.get("/api/providers")).json()["items"]
        await admin.patch(f"/api/providers/{made['id']}", json={"version": 1, "is_active": False})

    assert (listed[0]["has_secret"], "secret" in listed[0], listed[0]["people"]) == (True, False, 1)
    assert (await client.get("/api/session")).status_code == 401
    assert (await client.get("/api/sso/providers")).json()["items"] == []
    assert (await client.post("/api/sso/kota", json={})).status_code == 404


async def test_signing_out_goes_on_to_the_provider_where_it_is_set_so(
    city: City, browser: Clients, idp: Idp
) -> None:
    made = await configure(browser, city, idp, creates=True)
    client = browser()
    await sign_in(client, idp)
    before = (await client.get("/api/sso/session")).json()
    async with signed_in(browser, "admin") as admin:
        url = f"/api/providers/{made['id']}"
        await admin.patch(url, json={"version": 1, "ends_session": True})
    after = (await client.get("/api/sso/session")).json()["sign_out_url"]

    assert before == {"sign_out_url": None}
    assert after.startswith(f"{idp.address}/oauth2/end_session?client_id=warroom")
    # The token was not kept while signing out here was not to end the session there.
    assert "id_token_hint" not in after
    again = browser()
    await sign_in(again, idp)
    hinted = parse_qs(urlsplit((await again.get("/api/sso/session")).json()["sign_out_url"]).query)
    assert hinted["post_logout_redirect_uri"] == ["http://warroom.test/masuk"]
    assert len(hinted["id_token_hint"][0].split(".")) == 3


async def test_providers_are_for_those_who_reach_the_whole_city(
    city: City, browser: Clients, idp: Idp
) -> None:
    made = await configure(browser, city, idp)
    async with signed_in(browser, "kapten") as head:
        answers = [
            await head.get("/api/providers"),
            await head.patch(f"/api/providers/{made['id']}", json={"version": 1, "name": "x"}),
        ]

    assert [answer.status_code for answer in answers] == [404, 404]


@pytest.mark.parametrize("issuer", ["https://169.254.169.254", "http://idp.example", "idp.example"])
async def test_an_issuer_that_may_not_be_asked_is_refused(
    city: City, browser: Clients, issuer: str
) -> None:
    async with signed_in(browser, "admin") as admin:
        answer = await admin.post(
            "/api/providers",
            json={
                "slug": "x",
                "name": "x",
                "issuer": issuer,
                "client_id": "x",
                "agencies": [str(city.agencies["Damkar"])],
            },
        )

    assert (answer.status_code, answer.json()["code"].split(".")[0]) == (422, "kernel")


@pytest.mark.parametrize(
    "wanted",
    [
        "//evil.example",
        "/\\evil.example",
        "https://evil.example",
        "javascript:alert(1)",
        "/a\nb",
        "",
        "peta",
        "/" + "x" * 600,
    ],
)
async def test_nobody_is_sent_on_to_another_site(wanted: str) -> None:
    assert sso_rules.local_path(wanted) == "/"


def test_addresses_of_this_site_are_kept() -> None:
    assert sso_rules.local_path("/kamera/12?at=1#x") == "/kamera/12?at=1#x"
