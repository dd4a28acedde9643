"""Second factors over HTTP: enrolled, asked for, used once, bounded, removed, demanded by roles."""

import re
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import httpx
import pyotp
import pytest

from tests.identity.conftest import PASSWORD, City, Clients, signed_in
from warroom.identity import api, factor_rules
from warroom.identity.errors import TooManyAttemptsError, WrongCodeError
from warroom.identity.service.scopes import stranger_scope

TERMS = api.TokenTerms("x", 1)
WRONG = "not 6 digits"
CODES = re.compile(r"^([0-9A-HJKMNP-TV-Z]{4}-){3}[0-9A-HJKMNP-TV-Z]{4}$")


@dataclass
class Enrolled:
    """Somebody with a code generator."""

    totp: pyotp.TOTP
    recovery: list[str]


async def enrol(city: City, client: httpx.AsyncClient) -> Enrolled:
    began = (await client.post("/api/account/totp")).json()
    totp = pyotp.parse_uri(began["uri"])
    assert isinstance(totp, pyotp.TOTP)
    body = {"ticket": began["ticket"], "code": totp.at(city.clock.now())}
    answer = await client.put("/api/account/totp", json=body)
    assert answer.status_code == 200, answer.text
    city.clock.advance(30)
    return Enrolled(totp, answer.json()["recovery"] or [])


async def begin(client: httpx.AsyncClient, login: str = "polisi") -> dict[str, Any]:
    answer = await client.post("/api/session", json={"login": login, "password": PASSWORD})
    assert answer.status_code == 202, answer.text
    second: dict[str, Any] = answer.json()["second"]
    return second


async def show(
    client: httpx.AsyncClient, ticket: str, code: str, way: str = "totp"
) -> httpx.Response:
    body = {"ticket": ticket, "way": way, "code": code}
    return await client.post("/api/session/second", json=body)


async def actions(city: City) -> list[tuple[str, str]]:
    async with city.db.transaction(city.system) as tx:
        rows = await tx.execute("select action, detail from audit_entry order by recorded_at, id")
        return [(row["action"], row["detail"]) for row in await rows.fetchall()]


async def demand(city: City, role: str, **changes: Any) -> None:
    async with city.db.transaction(city.system) as tx:
        await api.set_role_demand(city.system, tx, role, changes)
    city.authenticator.forget()


async def test_with_a_code_generator_the_password_alone_opens_nothing(
    city: City, browser: Clients
) -> None:
    async with signed_in(browser, "polisi") as client:
        await enrol(city, client)
    other = browser()

    second = await begin(other)

    assert second["ways"] == ["totp", "recovery"]
    assert "warroom_session" not in other.cookies
    assert (await other.get("/api/session")).status_code == 401


async def test_the_right_code_opens_the_session_and_uses_the_ticket_up(
    city: City, browser: Clients
) -> None:
    async with signed_in(browser, "polisi") as client:
        enrolled = await enrol(city, client)
    other = browser()
    second = await begin(other)

    opened = await show(other, second["ticket"], enrolled.totp.at(city.clock.now()))
    again = await show(other, second["ticket"], enrolled.totp.at(city.clock.now()))

    assert opened.status_code == 200
    assert opened.json()["person"]["login"] == "polisi"
    assert (await other.get("/api/session")).status_code == 200
    assert (again.status_code, again.json()["code"]) == (422, "identity.step_over")


async def test_a_code_that_was_used_is_refused(city: City, browser: Clients) -> None:
    async with signed_in(browser, "polisi") as client:
        enrolled = await enrol(city, client)
    code = enrolled.totp.at(city.clock.now())
    first, second = browser(), browser()
    assert (await show(first, (await begin(first))["ticket"], code)).status_code == 200

    replayed = await show(second, (await begin(second))["ticket"], code)

    assert (replayed.status_code, replayed.json()["code"]) == (401, "identity.wrong_code")


async def test_the_code_shown_at_enrolment_does_not_sign_in(city: City, browser: Clients) -> None:
    async with signed_in(browser, "polisi") as client:
        began = (await client.post("/api/account/totp")).json()
        code = pyotp.parse_uri(began["uri"]).at(city.clock.now())  # type: ignore[call-arg]
        await client.put("/api/account/totp", json={"ticket": began["ticket"], "code": code})
    other = browser()

    answer = await show(other, (await begin(other))["ticket"], code)

    assert answer.status_code == 401


async def test_a_wrong_code_at_enrolment_enrols_nothing(city: City, browser: Clients) -> None:
    async with signed_in(browser, "polisi") as client:
        began = (await client.post("/api/account/totp")).json()
        body = {"ticket": began["ticket"], "code": WRONG}
        answer = await client.put("/api/account/totp", json=body)
        account = (await client.get("/api/account")).json()

    assert (answer.status_code, answer.json()["code"]) == (422, "identity.wrong_proof")
    assert account["factors"]["totp"] is None


async def test_a_secret_begun_in_one_session_is_not_confirmed_in_another(
    city: City, browser: Clients
) -> None:
    async with signed_in(browser, "polisi") as client, signed_in(browser, "kapten") as other:
        began = (await client.post("/api/account/totp")).json()
        code = pyotp.parse_uri(began["uri"]).at(city.clock.now())  # type: ignore[call-arg]
        answer = await other.put(
            "/api/account/totp", json={"ticket": began["ticket"], "code": code}
        )

    assert (answer.status_code, answer.json()["code"]) == (422, "identity.step_over")


async def test_the_secret_comes_as_a_picture_and_is_stored_sealed(
    city: City, browser: Clients
) -> None:
    async with signed_in(browser, "polisi") as client:
        began = (await client.post("/api/account/totp")).json()

    assert began["qr"].startswith("data:image/svg+xml")
    assert f"secret={began['secret']}" in began["uri"]
    assert "issuer=War%20Room%20Makassar" in began["uri"]
    async with city.db.transaction(city.system) as tx:
        count = await (await tx.execute("select count(*) as n from sign_in_step")).fetchone()
    assert count == {"n": 1}


async def test_recovery_codes_are_ten_shown_once_and_good_once(
    city: City, browser: Clients
) -> None:
    async with signed_in(browser, "polisi") as client:
        codes = (await enrol(city, client)).recovery
        left = (await client.get("/api/account")).json()["factors"]["recovery"]
    first, second = browser(), browser()
    typed = codes[3].lower().replace("-", " ")

    opened = await show(first, (await begin(first))["ticket"], typed, "recovery")
    again = await show(second, (await begin(second))["ticket"], typed, "recovery")

    assert len(set(codes)) == left == 10
    assert all(CODES.match(code) for code in codes)
    assert opened.status_code == 200
    assert again.status_code == 401
    assert (await first.get("/api/account")).json()["factors"]["recovery"] == 9


async def test_renewed_recovery_codes_end_the_old_ones(city: City, browser: Clients) -> None:
    async with signed_in(browser, "polisi") as client:
        old = (await enrol(city, client)).recovery
        new = (await client.post("/api/account/recovery")).json()["recovery"]
    other = browser()
    ticket = (await begin(other))["ticket"]

    assert (await show(other, ticket, old[0], "recovery")).status_code == 401
    assert (await show(other, ticket, new[0], "recovery")).status_code == 200


async def test_a_ticket_is_good_for_five_minutes(city: City, browser: Clients) -> None:
    async with signed_in(browser, "polisi") as client:
        enrolled = await enrol(city, client)
    other = browser()
    ticket = (await begin(other))["ticket"]
    city.clock.advance(301)

    answer = await show(other, ticket, enrolled.totp.at(city.clock.now()))

    assert answer.json()["code"] == "identity.step_over"


async def test_whoever_guesses_codes_for_a_day_has_sixteen_tries(
    city: City, browser: Clients
) -> None:
    async with signed_in(browser, "polisi") as client:
        await enrol(city, client)
    ends, taken = city.clock.now() + timedelta(days=1), 0
    while city.clock.now() < ends:
        scope = stranger_scope(city.clock.now(), "203.0.113.9")
        try:
            await city.doorkeeper.codes.fits(
                city.db, scope, city.people["polisi"], "polisi", "totp", WRONG
            )
            taken += 1
        except TooManyAttemptsError as told:
            city.clock.advance(told.params["wait_s"])

    assert taken == 16


async def test_guessing_from_elsewhere_does_not_keep_the_person_out(
    city: City, browser: Clients
) -> None:
    """Even somebody who knows the password only uses up the count of unknown networks."""
    async with signed_in(browser, "polisi") as client:
        enrolled = await enrol(city, client)
    keeper, thief = city.doorkeeper, api.Caller("203.0.113.9", "")
    for _ in range(5):
        second = await keeper.sign_in("polisi", PASSWORD, thief.address, "")
        with pytest.raises(WrongCodeError):
            await keeper.finish_with_code(second.ticket, "totp", WRONG, thief)
    with pytest.raises(TooManyAttemptsError):
        await keeper.finish_with_code(second.ticket, "totp", WRONG, thief)

    at_home = browser()
    answer = await show(
        at_home, (await begin(at_home))["ticket"], enrolled.totp.at(city.clock.now())
    )

    assert answer.status_code == 200


async def test_after_many_wrong_codes_only_known_networks_may_show_one(
    city: City, browser: Clients
) -> None:
    async with signed_in(browser, "polisi") as client:
        enrolled = await enrol(city, client)
    async with city.db.transaction(city.system) as tx:
        await tx.execute("update totp_factor set failed = %s", [factor_rules.MOST_FAILED_CODES])
    keeper, elsewhere = city.doorkeeper, api.Caller("203.0.113.9", "")
    second = await keeper.sign_in("polisi", PASSWORD, elsewhere.address, "")
    code = enrolled.totp.at(city.clock.now())

    with pytest.raises(WrongCodeError):
        await keeper.finish_with_code(second.ticket, "totp", code, elsewhere)

    at_home = browser()
    assert (await show(at_home, (await begin(at_home))["ticket"], code)).status_code == 200


async def test_an_old_session_must_prove_itself_before_factors_are_changed(
    city: City, browser: Clients
) -> None:
    async with signed_in(browser, "polisi") as client:
        city.clock.advance(16 * 60)
        refused = await client.post("/api/account/totp")
        wrong = await client.post("/api/account/proof", json={"way": "password", "shown": "salah"})
        body = {"way": "password", "shown": PASSWORD}
        proven = await client.post("/api/account/proof", json=body)
        allowed = await client.post("/api/account/totp")

    assert (refused.status_code, refused.json()["code"]) == (403, "identity.prove_it")
    assert refused.json()["params"]["ways"] == "password"
    assert (wrong.status_code, wrong.json()["code"]) == (422, "identity.wrong_proof")
    assert proven.status_code == 204
    assert allowed.status_code == 200


async def test_whoever_has_a_code_generator_proves_by_it_and_not_by_the_password(
    city: City, browser: Clients
) -> None:
    async with signed_in(browser, "polisi") as client:
        enrolled = await enrol(city, client)
        city.clock.advance(16 * 60)
        by_password = await client.post(
            "/api/account/proof", json={"way": "password", "shown": PASSWORD}
        )
        by_code = await client.post(
            "/api/account/proof",
            json={"way": "totp", "shown": enrolled.totp.at(city.clock.now())},
        )

    assert by_password.status_code == 422
    assert by_code.status_code == 204


async def test_the_password_of_somebody_else_is_set_by_a_proven_session_alone(
    city: City, browser: Clients
) -> None:
    async with signed_in(browser, "kepala") as client:
        city.clock.advance(16 * 60)
        answer = await client.post(
            f"/api/people/{city.people['polisi']}/password",
            json={"password": "lima ekor ikan terbang"},
        )

    assert (answer.status_code, answer.json()["code"]) == (403, "identity.prove_it")


async def test_a_token_changes_no_factor(city: City, browser: Clients) -> None:
    async with city.db.transaction(city.system) as tx:
        made = await api.create_token(city.system, tx, login="polisi", terms=TERMS)
    headers = {"authorization": f"Bearer {made.token}"}

    answers = [
        await browser().request(method, path, headers=headers)
        for method, path in (
            ("POST", "/api/account/totp"),
            ("POST", "/api/account/recovery"),
            ("POST", "/api/account/passkeys/options"),
            ("DELETE", "/api/sessions"),
        )
    ]

    assert [answer.json()["code"] for answer in answers] == ["needs_session"] * 4


async def test_beside_a_factor_a_password_may_be_shorter_and_then_leans_on_it(
    city: City, browser: Clients
) -> None:
    path = f"/api/people/{city.people['polisi']}/password"
    short = {"password": "perahu9x", "current": PASSWORD}
    async with signed_in(browser, "polisi") as client:
        before = await client.post(path, json=short)
        await enrol(city, client)
        after = await client.post(path, json=short)
        removed = await client.delete("/api/account/totp")
        longer = {"password": "sebelas perahu kayu", "current": "perahu9x"}
        await client.post(path, json=longer)
        removed_later = await client.delete("/api/account/totp")

    assert (before.status_code, before.json()["params"]["least"]) == (422, 15)
    assert after.status_code == 204
    assert (removed.status_code, removed.json()["code"]) == (409, "identity.short_password_alone")
    assert removed_later.status_code == 204


async def test_a_role_that_asks_for_a_factor_gives_time_and_then_lets_enrol_alone(
    city: City, browser: Clients
) -> None:
    await demand(city, "operate", factor="any", grace_days=7)

    async with signed_in(browser, "polisi") as client:
        during = (await client.get("/api/session")).json()["actions"]
        due = (await client.get("/api/account")).json()
    city.clock.advance(8 * 86_400)
    async with signed_in(browser, "polisi") as client:
        after = (await client.get("/api/session")).json()["actions"]
        account = (await client.get("/api/account")).json()
        token = await client.post("/api/tokens", json={"name": "x"})
        await enrol(city, client)
        enrolled = (await client.get("/api/session")).json()["actions"]

    assert "live:view" in during
    assert (due["required"], due["must_enrol"], due["due_at"]) == (
        "any",
        False,
        "2026-12-01T06:00:00Z",
    )
    assert after == []
    assert account["must_enrol"] is True
    assert token.status_code == 404
    assert enrolled == during


async def test_a_role_that_asks_for_a_factor_keeps_its_last_one(
    city: City, browser: Clients
) -> None:
    async with signed_in(browser, "polisi") as client:
        await enrol(city, client)
        await demand(city, "operate", factor="any")
        answer = await client.delete("/api/account/totp")

    assert (answer.status_code, answer.json()["code"]) == (409, "identity.last_factor")


async def test_tokens_and_links_of_the_demonstration_are_not_locked_out(
    city: City, browser: Clients
) -> None:
    await demand(city, "operate", factor="passkey", grace_days=0)
    async with city.db.transaction(city.system) as tx:
        made = await api.create_token(city.system, tx, login="polisi", terms=TERMS)
    link = await city.doorkeeper.create_link(city.system, "polisi")

    headers = {"authorization": f"Bearer {made.token}"}
    by_token = await browser().get("/api/session", headers=headers)
    by_link = await browser().post("/api/session/link", json={"token": link})
    async with signed_in(browser, "polisi") as client:
        by_password = await client.get("/api/session")

    assert "live:view" in by_token.json()["actions"]
    assert "live:view" in by_link.json()["actions"]
    assert by_password.json()["actions"] == []


async def test_an_administrator_resets_lost_factors_and_ends_the_sessions(
    city: City, browser: Clients
) -> None:
    async with signed_in(browser, "polisi") as client, signed_in(browser, "kepala") as chief:
        await enrol(city, client)
        answer = await chief.delete(f"/api/people/{city.people['polisi']}/factors")
        ended = await client.get("/api/session")
    again = await browser().post("/api/session", json={"login": "polisi", "password": PASSWORD})

    assert answer.status_code == 204
    assert ended.status_code == 401
    assert again.status_code == 200


async def test_nobody_resets_the_factors_of_somebody_mightier_or_of_another_agency(
    city: City, browser: Clients
) -> None:
    async with signed_in(browser, "kepala") as chief, signed_in(browser, "kapten") as captain:
        mightier = await chief.delete(f"/api/people/{city.people['admin']}/factors")
        foreign = await captain.delete(f"/api/people/{city.people['polisi']}/factors")

    assert mightier.status_code == 404
    assert foreign.status_code == 404


async def test_only_who_reaches_the_whole_city_sets_what_roles_ask_for(
    city: City, browser: Clients
) -> None:
    async with signed_in(browser, "kepala") as chief, signed_in(browser, "admin") as admin:
        refused = await chief.patch("/api/roles/operate/sign-in", json={"factor": "any"})
        unknown = await admin.patch("/api/roles/nakhoda/sign-in", json={"factor": "any"})
        done = await admin.patch(
            "/api/roles/operate/sign-in", json={"factor": "any", "grace_days": 3}
        )
        roles = (await admin.get("/api/roles/sign-in")).json()["items"]

    assert (refused.status_code, unknown.status_code, done.status_code) == (404, 404, 204)
    (role,) = [one for one in roles if one["role"] == "operate"]
    assert (role["factor"], role["grace_days"]) == ("any", 3)


async def test_everything_about_factors_is_written_down_without_a_secret(
    city: City, browser: Clients
) -> None:
    async with signed_in(browser, "polisi") as client:
        enrolled = await enrol(city, client)
        await client.post("/api/account/recovery")
        await client.post("/api/account/proof", json={"way": "totp", "shown": WRONG})
        await client.delete("/api/account/totp")
    other = browser()
    await other.post("/api/session", json={"login": "polisi", "password": PASSWORD})

    found = await actions(city)
    words = [action for action, _ in found if action.startswith(("factor:", "session:"))]
    assert sorted(words) == [
        "factor:added",
        "factor:recovery_renewed",
        "factor:recovery_renewed",
        "factor:refused",
        "factor:removed",
        "session:sign_in",
        "session:sign_in",
    ]
    everything = " ".join(detail for _, detail in found)
    assert enrolled.totp.secret not in everything
    assert not any(code in everything for code in enrolled.recovery)


async def test_rights_are_changed_by_a_proven_session_alone(city: City, browser: Clients) -> None:
    person = city.people["polisi"]
    grant = {
        "person_id": str(person),
        "actions": ["live:view"],
        "agencies": [str(city.agencies["Polrestabes"])],
        "reason": "patroli",
    }
    async with signed_in(browser, "kepala") as chief:
        seen = (await chief.get(f"/api/people/{person}")).json()
        city.clock.advance(16 * 60)
        roles = {"version": seen["version"], "roles": [{"role": "view"}]}
        refused = [
            await chief.patch(f"/api/people/{person}", json=roles),
            await chief.post("/api/grants", json=grant),
            await chief.post("/api/tokens", json={"name": "x"}),
            await chief.put(f"/api/people/{person}/seats-only", json={"seats_only": True}),
        ]
        named = await chief.patch(
            f"/api/people/{person}", json={"version": seen["version"], "title": "Kanit"}
        )
        await chief.post("/api/account/proof", json={"way": "password", "shown": PASSWORD})
        allowed = await chief.post("/api/grants", json=grant)

    assert {answer.json()["code"] for answer in refused} == {"identity.prove_it"}
    assert named.status_code == 200
    assert allowed.status_code == 201
