"""Requests across agencies, from the letter to the report, through the front door."""

from datetime import timedelta
from typing import Any
from uuid import UUID

from starlette.requests import HTTPConnection

from tests.access.conftest import Desk
from warroom.access import jobs
from warroom.audit import api as audit
from warroom.identity import api as identity
from warroom.kernel import jobs as kernel_jobs
from warroom.kernel.scope import Scope

PDF = b"%PDF-1.7\nsurat permintaan\n%%EOF"


async def test_a_request_is_lent_by_two_and_ends_by_the_clock(desk: Desk) -> None:
    before = await desk.numbers("jaksa")
    request_id = await desk.sent()
    first = await desk.sign("kadishub", request_id, "kepala_lembaga")
    between = await desk.numbers("jaksa")
    second = await desk.sign("pdp", request_id, "petugas_pdp")
    during = await desk.numbers("jaksa")
    desk.clock.advance(7 * 86_400)
    after = await desk.numbers("jaksa")
    shown = (await desk["jaksa"].get(f"/api/requests/{request_id}")).json()

    assert (first.json()["status"], second.json()["status"]) == ("sent", "active")
    assert (before, between, during, after) == ([], [], [1, 2], [])
    assert shown["status"] == "expired"
    assert shown["number"] == "AKS-2026-0001"


async def test_what_is_lent_is_limited_in_things_actions_and_footage(desk: Desk) -> None:
    await desk.lent()
    rows = await desk.rows(
        "select objects, actions, footage_from, footage_to, purpose, person_id from access_grant"
    )

    (grant,) = rows
    assert {str(one) for one in grant["objects"]} == {desk.cameras[1], desk.cameras[2]}
    assert set(grant["actions"]) == {"camera:view", "live:view", "recording:view"}
    assert grant["footage_to"] == desk.clock.now() - timedelta(days=1)
    assert grant["purpose"].startswith("AKS-2026-0001 Penyidikan")
    assert grant["person_id"] == desk.people["jaksa"]


async def test_vehicles_stationed_in_a_named_district_are_lent(desk: Desk) -> None:
    ids = {}
    for name, agency, place in (
        ("Derek 1", "Dishub", "73.71.04.1006"),
        ("Derek 2", "Dishub", "73.71.04"),
        ("Derek 3", "Dishub", "73.71.05"),
        ("Patroli 1", "Polrestabes", "73.71.04"),
    ):
        answer = await desk["admin"].post(
            "/api/units",
            json={"name": name, "agency_id": str(desk.agencies[agency]), "kind": "tow",
                  "place": place},
        )  # fmt: skip
        assert answer.status_code == 201, answer.text
        ids[name] = answer.json()["id"]

    async def seen() -> list[str]:
        page = (await desk["jaksa"].get("/api/units")).json()
        return sorted(item["name"] for item in page.get("items", []))

    wanted = {"actions": ["unit:view"], "rings": [], "places": ["73.71.04"]}
    request_id = await desk.sent(**wanted)
    before = await seen()
    url = f"/api/requests/{request_id}/parts/{desk.agencies['Dishub']}/cameras"
    meant = (await desk["kadishub"].get(url)).json()["items"]
    await desk.sign("kadishub", request_id, "kepala_lembaga")
    await desk.sign("pdp", request_id, "petugas_pdp", cameras=[ids["Derek 1"]])
    during = await seen()
    cameras = await desk.numbers("jaksa")
    shown = (await desk["jaksa"].get(f"/api/requests/{request_id}")).json()
    desk.clock.advance(7 * 86_400)

    assert [(one["kind"], one["name"], one["number"]) for one in meant] == [
        ("unit", "Derek 1", None),
        ("unit", "Derek 2", None),
    ]
    assert (before, during, cameras, await seen()) == ([], ["Derek 1"], [], [])
    assert [one["kind"] for one in shown["parts"][0]["terms"]["cameras"]] == ["unit"]


async def test_a_track_is_lent_for_the_window_of_the_letter_and_reported(desk: Desk) -> None:
    unit_id, fixes = await desk.driven("Dishub", "73.71.04")
    request_id = await desk.sent(actions=["unit:track"], rings=[], places=["73.71.04"])
    span = {"from": desk.at(hours=-48), "to": desk.at(hours=-24.5)}
    url = f"/api/units/{unit_id}/track"
    before = await desk["jaksa"].get(url, params=span)
    await desk.sign("kadishub", request_id, "kepala_lembaga")
    await desk.sign("pdp", request_id, "petugas_pdp")

    inside = (await desk["jaksa"].get(url, params=span)).json()["items"]
    later = {"from": desk.at(hours=-24.5), "to": desk.at(hours=-1)}
    outside = (await desk["jaksa"].get(url, params=later)).json()["items"]
    own = (await desk["admin"].get(url, params=later)).json()["items"]
    crossings = (await desk["jaksa"].get("/api/units/events", params=later)).json()["items"]
    told = (await desk["jaksa"].get(f"/api/requests/{request_id}/report")).json()

    assert before.status_code == 404
    assert [one["at"][:19] for one in inside] == [at.isoformat()[:19] for at in fixes[:2]]
    # The letter's window ends a day ago: half an hour of the second stretch lies in it.
    assert [one["at"][:19] for one in outside] == [fixes[2].isoformat()[:19]]
    assert len(own) == 2
    assert [one["at"][:19] for one in crossings] == [fixes[2].isoformat()[:19]]
    assert {(one["kind"], one["action"], one["camera"]) for one in told["looks"]} == {
        ("unit", "unit:track", "Derek 1")
    }
    assert (told["units"], told["cameras"], told["footage_s"]) == (1, 0, 0)


async def test_vehicles_are_asked_for_by_district(desk: Desk) -> None:
    letter = await desk.letter(actions=["unit:view", "camera:view"])
    made = (await desk["jaksa"].post("/api/requests", json=letter)).json()

    answer = await desk["jaksa"].post(f"/api/requests/{made['id']}/send")

    assert (answer.status_code, answer.json()["params"]) == (422, {"field": "places"})


async def test_colleagues_get_nothing_unless_their_role_was_named(desk: Desk) -> None:
    await desk.lent()
    alone = await desk.numbers("kajari")
    await desk.lent(people=[], roles=["kepala_lembaga"])

    assert (alone, await desk.numbers("kajari")) == ([], [1, 2])


async def test_the_second_signature_is_another_person_in_another_role(desk: Desk) -> None:
    request_id = await desk.sent()
    await desk.sign("pengawas", request_id, "supervisor")
    twice = await desk.sign("pengawas", request_id, "supervisor")
    same_role = await desk.sign("pengawas2", request_id, "supervisor")
    not_held = await desk.sign("pdp", request_id, "kepala_lembaga")

    assert twice.json()["code"] == "access.signed_already"
    assert same_role.json()["code"] == "access.same_role"
    assert (not_held.status_code, not_held.json()["code"]) == (403, "access.not_approver")
    assert await desk.numbers("jaksa") == []


async def test_the_city_may_sign_beside_the_owner_and_not_in_its_place(desk: Desk) -> None:
    request_id = await desk.sent()
    city = await desk.sign("supervisor", request_id, "supervisor")
    owner = await desk.sign("pdp", request_id, "petugas_pdp")

    assert (city.status_code, owner.json()["status"]) == (200, "active")


async def test_each_owner_decides_for_its_own_things_and_sees_no_other_part(desk: Desk) -> None:
    request_id = await desk.sent("Dishub", "Polrestabes")
    await desk.sign("kadishub", request_id, "kepala_lembaga")
    await desk.sign("pdp", request_id, "petugas_pdp")
    foreign = await desk.sign("kadishub", request_id, "kepala_lembaga", owner="Polrestabes")
    seen = (await desk["kapolres"].get(f"/api/requests/{request_id}")).json()
    url = f"/api/requests/{request_id}/parts/{desk.agencies['Polrestabes']}"
    refused = await desk["kapolres"].post(f"{url}/refuse", json={"reason": "Tidak relevan"})
    both = (await desk["jaksa"].get(f"/api/requests/{request_id}")).json()

    assert foreign.status_code == 404
    assert [part["owner"]["name"] for part in seen["parts"]] == ["Polrestabes Makassar"]
    assert [owner["name"] for owner in seen["owners"]] == ["Polrestabes Makassar"]
    assert refused.status_code == 200
    assert {p["owner"]["name"]: p["status"] for p in both["parts"]} == {
        "Dinas Perhubungan": "active",
        "Polrestabes Makassar": "refused",
    }
    assert await desk.numbers("jaksa") == [1, 2]


async def test_less_may_be_lent_than_was_asked_and_the_asker_sees_it(desk: Desk) -> None:
    request_id = await desk.sent()
    fewer = {"cameras": [desk.cameras[2]], "ends_at": desk.at(days=2)}
    await desk.sign("kadishub", request_id, "kepala_lembaga", **fewer)
    await desk.sign("pdp", request_id, "petugas_pdp", actions=["recording:view"])
    part = (await desk["jaksa"].get(f"/api/requests/{request_id}")).json()["parts"][0]

    assert [camera["number"] for camera in part["terms"]["cameras"]] == [2]
    assert part["terms"]["actions"] == ["recording:view"]
    assert part["terms"]["ends_at"].startswith("2026-11-26")
    assert await desk.numbers("jaksa") == [2]


async def test_nobody_asks_for_more_by_a_decision_than_the_letter_does(desk: Desk) -> None:
    request_id = await desk.sent()
    far = {"cameras": [desk.cameras[3]]}
    answer = await desk.sign("kadishub", request_id, "kepala_lembaga", **far)
    wide = {"ends_at": desk.at(days=90), "actions": ["live:view", "ptz:move"]}
    await desk.sign("kadishub", request_id, "kepala_lembaga", **wide)
    await desk.sign("pdp", request_id, "petugas_pdp")
    part = (await desk["jaksa"].get(f"/api/requests/{request_id}")).json()["parts"][0]

    assert answer.json()["code"] == "access.nothing_left"
    assert part["terms"]["actions"] == ["live:view"]
    assert part["terms"]["ends_at"].startswith("2026-12-01")


async def test_the_asker_is_not_told_which_cameras_there_are_before_they_are_lent(
    desk: Desk,
) -> None:
    request_id = await desk.sent()
    await desk.sign("kadishub", request_id, "kepala_lembaga")
    url = f"/api/requests/{request_id}/parts/{desk.agencies['Dishub']}/cameras"
    by_owner = (await desk["pdp"].get(url)).json()
    text = (await desk["jaksa"].get(f"/api/requests/{request_id}")).text

    assert [camera["number"] for camera in by_owner["items"]] == [1, 2]
    assert (await desk["jaksa"].get(url)).status_code == 404
    assert (await desk["kajari"].get(url)).status_code == 404
    assert "Simpang" not in text


async def test_what_was_lent_is_taken_back_at_once(desk: Desk) -> None:
    request_id = await desk.lent()
    url = f"/api/requests/{request_id}/parts/{desk.agencies['Dishub']}/revoke"
    answer = await desk["kadishub"].post(url, json={"reason": "Perkara dihentikan"})
    again = await desk["kadishub"].post(url, json={"reason": "Perkara dihentikan"})

    assert (answer.json()["status"], again.json()["code"]) == ("revoked", "access.wrong_state")
    assert await desk.numbers("jaksa") == []


async def test_the_asker_takes_a_request_back_and_what_was_lent_ends(desk: Desk) -> None:
    request_id = await desk.lent()
    answer = await desk["jaksa"].post(
        f"/api/requests/{request_id}/withdraw", json={"reason": "Selesai"}
    )
    late = await desk.sign("pengawas", request_id, "supervisor")

    assert answer.json()["status"] == "withdrawn"
    assert late.json()["code"] == "access.wrong_state"
    assert await desk.numbers("jaksa") == []


async def test_a_draft_is_the_askers_alone_and_is_not_changed_once_sent(desk: Desk) -> None:
    letter = await desk.letter()
    made = (await desk["jaksa"].post("/api/requests", json=letter)).json()
    url = f"/api/requests/{made['id']}"
    unseen = await desk["kadishub"].get(url)
    changed = await desk["jaksa"].put(url, json=letter | {"version": 1, "purpose": "Lain sama"})
    stale = await desk["jaksa"].put(url, json=letter | {"version": 1})
    await desk["jaksa"].post(f"{url}/send")
    late = await desk["jaksa"].put(url, json=letter | {"version": 3})

    assert (unseen.status_code, changed.json()["purpose"]) == (404, "Lain sama")
    assert stale.json()["code"] == "access.changed_meanwhile"
    assert late.json()["code"] == "access.wrong_state"


async def test_a_request_that_makes_no_sense_is_refused_with_the_field(desk: Desk) -> None:
    async def field(**more: Any) -> str:
        answer = await desk["jaksa"].post("/api/requests", json=await desk.letter(**more))
        return str(answer.json()["params"]["field"])

    own, foreign = str(desk.agencies["Kejari"]), str(desk.people["pdp"])
    assert await field(owners=[own]) == "owners"
    assert await field(people=[foreign]) == "people"
    assert await field(roles=["raja"]) == "roles"
    assert await field(actions=["camera:configure"]) == "actions"
    assert await field(ends_at=desk.at(days=-1)) == "ends_at"
    assert await field(ends_at=desk.at(days=900)) == "ends_at"
    assert await field(footage_from=desk.at()) == "footage_to"
    nothing = (await desk["jaksa"].post("/api/requests", json=await desk.letter(rings=[]))).json()
    unsent = await desk["jaksa"].post(f"/api/requests/{nothing['id']}/send")
    assert unsent.json()["params"]["field"] == "things"


async def test_the_letter_is_kept_with_its_hash_and_read_by_both_sides(desk: Desk) -> None:
    letter = await desk.letter()
    made = (await desk["jaksa"].post("/api/requests", json=letter)).json()
    url = f"/api/requests/{made['id']}"
    name = {"name": "surat.pdf"}
    good = await desk["jaksa"].post(f"{url}/attachments", params=name, content=PDF)
    bad = await desk["jaksa"].post(f"{url}/attachments", params=name, content=b"<script>")
    big = await desk["jaksa"].post(f"{url}/attachments", content=PDF + b" " * 10_000_000)
    file = f"{url}/attachments/{good.json()['id']}"
    before = await desk["pdp"].get(file)
    await desk["jaksa"].post(f"{url}/send")
    after = await desk["pdp"].get(file)
    foreign = await desk["kadamkar"].get(file)

    assert bad.json()["code"] == "access.bad_file"
    assert (big.status_code, big.json()["code"]) == (413, "access.file_too_large")
    assert (before.status_code, foreign.status_code) == (404, 404)
    assert (after.content, after.headers["content-type"]) == (PDF, "application/pdf")
    assert after.headers["content-disposition"].startswith("attachment")
    shown = (await desk["pdp"].get(url)).json()["attachments"][0]
    assert (shown["name"], len(shown["digest"])) == ("surat.pdf", 64)


async def look(desk: Desk, login: str, number: int, seconds: int) -> None:
    """A live look, as `live` writes it: its begin, and its end with how long it lasted."""
    scope = await scope_of(desk, login)
    async with desk.db.transaction(scope) as tx:
        camera = UUID(desk.cameras[number])
        words: dict[str, Any] = {
            "object_kind": "camera",
            "object_id": camera,
            "agency_id": desk.agencies["Dishub"],
            "object_label": f"{number} Simpang",
        }
        view = await audit.record(scope, tx, action="live:view", **words)
        detail = {"view": str(view), "seconds": seconds}
        await audit.record(scope, tx, action="live:end", detail=detail, **words)


async def scope_of(desk: Desk, login: str) -> Scope:
    cookie = desk[login].cookies["warroom_session"]
    connection = HTTPConnection(
        {
            "type": "http",
            "method": "GET",
            "headers": [(b"cookie", f"warroom_session={cookie}".encode())],
            "client": None,
        }
    )
    scope: Scope | None = await desk.app.state.services[identity.Authenticator](connection)
    assert scope is not None
    return scope


async def test_the_owner_reads_who_looked_at_what_and_how_long(desk: Desk) -> None:
    request_id = await desk.lent()
    await look(desk, "jaksa", 1, 42)
    await look(desk, "pengawas", 2, 7)
    url = f"/api/requests/{request_id}/report"
    report = (await desk["kadishub"].get(url)).json()
    file = await desk["kadishub"].get(f"{url}.csv")
    asker = (await desk["jaksa"].get(url)).json()
    foreign = await desk["kadamkar"].get(url)

    assert [(one["person"], one["camera"], one["seconds"]) for one in report["looks"]] == [
        ("Jaksa", "1 Simpang", 42.0)
    ]
    assert (report["people"], report["cameras"], report["live_s"]) == (1, 1, 42.0)
    assert asker["looks"] == report["looks"]
    assert foreign.status_code == 404
    head, line, *_ = file.text.splitlines()
    assert head.startswith("at,person,agency,action,camera")
    assert ",Jaksa,Kejari,live:view,1 Simpang,42.0" in line


async def test_at_the_end_both_agencies_are_told_once(desk: Desk) -> None:
    request_id = await desk.lent()
    await kernel_jobs.run_due(desk.worker, jobs.JOBS[0], "test")
    early = await desk.rows("select closed_at from access_request")
    desk.clock.advance(8 * 86_400)
    await jobs.JOBS[0].run(desk.worker)
    await jobs.JOBS[0].run(desk.worker)
    closed = await desk.rows(
        "select owner_agency_id from audit_entry where action = 'access:closed'"
    )
    events = await desk.rows(
        "select agency_id from outbox where topic = 'access.changed' and body ~ 'closed'"
    )
    both = {desk.agencies["Kejari"], desk.agencies["Dishub"]}
    listed = (await desk["jaksa"].get("/api/requests")).json()["items"]
    ended = (await desk["jaksa"].get("/api/requests", params={"ended": "1"})).json()["items"]

    assert early == [{"closed_at": None}]
    assert {row["owner_agency_id"] for row in closed} == both
    assert {row["agency_id"] for row in events} == both
    assert len(closed) == len(events) == 2
    assert (listed, [item["id"] for item in ended]) == ([], [request_id])


async def test_every_step_is_in_the_audit_of_the_owner(desk: Desk) -> None:
    await desk.lent()
    page = (await desk["kadishub"].get("/api/audit", params={"limit": 50})).json()
    words = [item["action"] for item in page["items"]]

    assert {"access:sent", "access:approved", "access:lent", "grant:lent"} <= set(words)


async def test_the_list_of_laws_is_edited_by_who_runs_the_city(desk: Desk) -> None:
    body = {"law": "UU 16/2004 (Kejaksaan)", "article": "Pasal 30"}
    made = await desk["admin"].post("/api/requests/basis", json=body)
    refused = await desk["kadishub"].post("/api/requests/basis", json=body)
    twice = await desk["admin"].post("/api/requests/basis", json=body)
    url = f"/api/requests/basis/{made.json()['id']}"
    struck = await desk["admin"].put(url, json=body | {"is_active": False})
    offered = (await desk["jaksa"].get("/api/requests/directory")).json()["basis"]

    assert (made.status_code, refused.status_code, struck.status_code) == (201, 404, 200)
    assert twice.json()["code"] == "access.incomplete"
    assert made.json()["id"] not in {item["id"] for item in offered}


async def test_a_request_of_another_agency_does_not_exist(desk: Desk) -> None:
    request_id = await desk.lent()
    outsider = desk["kadamkar"]

    assert (await outsider.get(f"/api/requests/{request_id}")).status_code == 404
    assert (await outsider.get("/api/requests", params={"ended": "1"})).json()["items"] == []
    assert (await desk.sign("kadamkar", request_id, "kepala_lembaga")).status_code == 404


async def test_what_was_lent_is_not_handed_on(desk: Desk) -> None:
    await desk.lent(people=[], roles=["kepala_lembaga"])
    body = {
        "person_id": str(desk.people["jaksa"]),
        "actions": ["live:view"],
        "agencies": [str(desk.agencies["Dishub"])],
        "objects": [desk.cameras[1]],
        "ends_at": desk.at(days=1),
        "reason": "Bantu lihat",
    }
    answer = await desk["kajari"].post("/api/grants", json=body)

    assert answer.status_code in (403, 404)


async def test_who_has_not_proven_lately_gives_no_access_and_may_still_take_it_away(
    desk: Desk,
) -> None:
    password = "kuda laut naik becak"
    async with desk.db.transaction(desk.system) as tx:
        passwords = desk.app.state.services[identity.Passwords]
        for login in ("kadishub", "pdp", "pengawas"):
            await identity.set_password(
                desk.system, tx, desk.people[login], password, passwords, 12, must_change=False
            )
    for login in ("kadishub", "pdp", "pengawas"):
        answer = await desk[login].post("/api/session", json={"login": login, "password": password})
        assert answer.status_code == 200, answer.text
    first, second = await desk.sent(), await desk.sent()
    for login, role in (("kadishub", "kepala_lembaga"), ("pdp", "petugas_pdp")):
        assert (await desk.sign(login, first, role)).status_code == 200
    desk.clock.advance(16 * 60)

    taken = {"owner_id": str(desk.agencies["Dishub"]), "reason": "Kebakaran di pasar"}
    emergency = await desk["pengawas"].post("/api/emergencies", json=taken)
    unproven = await desk.sign("kadishub", second, "kepala_lembaga")
    url = f"/api/requests/{first}/parts/{desk.agencies['Dishub']}/revoke"
    revoked = await desk["kadishub"].post(url, json={"reason": "salah orang"})
    proof = {"way": "password", "shown": password}
    proven = await desk["kadishub"].post("/api/account/proof", json=proof)
    signed = await desk.sign("kadishub", second, "kepala_lembaga")

    assert (unproven.status_code, unproven.json()["code"]) == (403, "identity.prove_it")
    assert emergency.json()["code"] == "identity.prove_it"
    assert revoked.status_code == 200, revoked.text
    assert (proven.status_code, signed.status_code) == (204, 200), signed.text
