"""An account that left is erased: nothing leads to its name any more, and the chain holds."""

import io
import json
import zipfile
from typing import Any

import psycopg
import pytest

from tests.access.conftest import Desk
from warroom.audit import api as audit
from warroom.identity import api as identity
from warroom.kernel.postgres import Connections

NAME, LOGIN = "Sitti Halimah Daeng Ngai", "halimah.ngai"


async def made(desk: Desk, **more: Any) -> str:
    """Id of somebody of Dishub who signed in, changed their name, made a layout, and left."""
    body = {
        "login": LOGIN,
        "name": NAME,
        "title": "Operator Simpang",
        "agency_id": str(desk.agencies["Dishub"]),
        "roles": [{"role": "supervisor", "reach": "own"}],
    }
    answer = await desk["admin"].post("/api/people", json=body | more)
    assert answer.status_code == 201, answer.text
    return str(answer.json()["id"])


async def left(desk: Desk, person_id: str) -> None:
    version = (await desk["admin"].get(f"/api/people/{person_id}")).json()["version"]
    answer = await desk["admin"].patch(
        f"/api/people/{person_id}", json={"version": version, "is_active": False}
    )
    assert answer.status_code == 200, answer.text


async def erase(desk: Desk, person_id: str, login: str = "admin") -> Any:
    return await desk[login].post(f"/api/people/{person_id}/erase", json={"reason": "Pensiun"})


async def worked(desk: Desk, person_id: str) -> None:
    """Lets somebody sign in, look, make a private layout and a token."""
    doorkeeper = desk.app.state.services[identity.Doorkeeper]
    token = await doorkeeper.create_link(desk.system, LOGIN)
    browser = desk["jaksa"]
    browser.cookies.clear()
    assert (await browser.post("/api/session/link", json={"token": token})).status_code == 200
    layout = await browser.post("/api/walls/layouts", json={"name": "Milik saya"})
    assert layout.status_code == 201, layout.text
    secret = await browser.post("/api/tokens", json={"name": "skrip", "days": 3})
    assert secret.status_code == 201, secret.text


def everywhere(connections: Connections, *words: str) -> list[str]:
    """Tables in which one of these words stands, in whatever column."""
    found = []
    with psycopg.connect(connections.superuser) as connection:
        rows = connection.execute(
            "select tablename from pg_tables where schemaname = 'public'"
        ).fetchall()
        for (table,) in rows:
            text = str(connection.execute(f"select t::text from {table} t").fetchall()).casefold()
            found += [f"{table}: {word}" for word in words if word.casefold() in text]
    return found


async def test_nothing_in_the_database_leads_from_an_erased_account_to_its_name(
    desk: Desk, connections: Connections
) -> None:
    person_id = await made(desk)
    await worked(desk, person_id)
    assert everywhere(connections, NAME) == [f"person: {NAME}"]
    await left(desk, person_id)

    answer = await erase(desk, person_id)

    assert answer.status_code == 200, answer.text
    gone = answer.json()["deleted"]
    assert {word: gone[word] for word in ("person", "api_token", "wall_layout")} == {
        "person": 1,
        "api_token": 1,
        "wall_layout": 1,
    }
    assert gone["session"] >= 1
    assert everywhere(connections, NAME, LOGIN, "Operator Simpang", "Milik saya") == [
        "audit_entry: Milik saya",
    ]
    proof = await desk.rows("select * from privacy_deletion where rule = 'erased'")
    assert {row["store"]: row["count"] for row in proof} == gone
    assert {row["agency_id"] for row in proof} == {desk.agencies["Dishub"]}


async def test_the_audit_tells_the_name_until_then_and_the_chain_holds(desk: Desk) -> None:
    person_id = await made(desk)
    await worked(desk, person_id)

    async def shown() -> set[str]:
        items = (await desk["admin"].get("/api/audit", params={"person": person_id})).json()
        return {one["person"]["name"] for one in items["items"]}

    async def about() -> set[str]:
        params = {"object": person_id}
        items = (await desk["admin"].get("/api/audit", params=params)).json()["items"]
        return {one["object_label"] for one in items if one["object_kind"] == "person"}

    async def found(q: str) -> int:
        return len((await desk["admin"].get("/api/audit", params={"q": q})).json()["items"])

    assert await shown() == await about() == {NAME}
    assert await found("halimah") > 0
    await left(desk, person_id)
    assert (await erase(desk, person_id)).status_code == 200

    pseudonym = f"Akun terhapus {person_id[-6:]}"
    assert await shown() == await about() == {pseudonym}
    assert await found("halimah") == 0
    anchoring = desk.app.state.services[audit.Anchoring]
    outcome = await audit.verify(desk.system, desk.db, anchoring, desk.clock)
    assert outcome.findings == ()
    assert outcome.rows > 0


async def test_names_stand_beside_the_proof_and_not_in_it(desk: Desk) -> None:
    person_id = await made(desk)
    await worked(desk, person_id)

    answer = await desk["admin"].post(
        "/api/audit/export", json={"person": person_id, "form": "csv"}
    )

    assert answer.status_code == 200, answer.text
    with zipfile.ZipFile(io.BytesIO(answer.content)) as archive:
        files = {name: archive.read(name).decode() for name in archive.namelist()}
    assert f"{person_id},{NAME}" in files["names.csv"]
    assert all(NAME not in files[name] for name in ("audit.csv", "proof.jsonl"))


@pytest.mark.parametrize("login", ["kadishub", "pdp.polisi"])
async def test_who_may_not_change_people_erases_nobody(desk: Desk, login: str) -> None:
    person_id = await made(desk)
    await left(desk, person_id)

    answer = await erase(desk, person_id, login)

    assert answer.status_code == 404
    row = (await desk.rows("select name from person where id = %(id)s", id=person_id))[0]
    assert row["name"] == NAME


async def test_an_account_in_use_is_not_erased_and_one_is_erased_once(desk: Desk) -> None:
    person_id = await made(desk)

    early = await erase(desk, person_id)
    await left(desk, person_id)
    first = await erase(desk, person_id)
    again = await erase(desk, person_id)
    version = (await desk["admin"].get(f"/api/people/{person_id}")).json()["version"]
    revived = await desk["admin"].patch(
        f"/api/people/{person_id}", json={"version": version, "is_active": True, "name": "Halimah"}
    )

    assert [one.json().get("code") for one in (early, again, revived)] == [
        "identity.still_active",
        "identity.erased",
        "identity.erased",
    ]
    assert first.status_code == 200


async def test_nobody_erases_themselves_or_long_after_they_signed_in(desk: Desk) -> None:
    person_id = await made(desk)
    await left(desk, person_id)

    own = await erase(desk, str(desk.people["admin"]))
    await desk.rows("update session set method = 'password' returning id")
    desk.clock.advance(3600)
    late = await erase(desk, person_id)

    assert own.status_code == 404
    assert late.json()["code"] == "identity.prove_it"


async def test_layouts_of_somebody_who_is_there_are_not_taken_by_any_query(desk: Desk) -> None:
    person_id = await made(desk)
    await worked(desk, person_id)
    await left(desk, person_id)

    with pytest.raises(psycopg.errors.InsufficientPrivilege):
        await desk.rows("select wall_forget_person(%(id)s)", id=person_id)


async def test_a_deletion_that_somebody_asked_for_is_carried_out(desk: Desk) -> None:
    person_id = await made(desk)
    await left(desk, person_id)
    body = {
        "agency_id": str(desk.agencies["Dishub"]),
        "asker": "Keluarga",
        "identified_by": "KTP",
        "wants": ["deletion"],
        "kind": "account",
        "value": LOGIN,
    }
    case_id = (await desk["admin"].post("/api/privacy/cases", json=body)).json()["id"]

    answer = await desk["admin"].post(
        f"/api/privacy/cases/{case_id}/decisions",
        json={"wish": "deletion", "source": "account", "reason": "Sudah pensiun"},
    )

    assert answer.status_code == 200, answer.text
    assert [one["outcome"] for one in answer.json()["decisions"]] == ["carried_out"]
    row = (await desk.rows("select * from person where id = %(id)s", id=person_id))[0]
    assert (row["login"], row["title"]) == (f"terhapus-{person_id[-12:]}", "")
    assert row["erased_at"] is not None
    detail = await desk.rows("select detail from audit_entry where action = 'privacy:case_decided'")
    assert json.loads(detail[0]["detail"])["count"] >= 1
