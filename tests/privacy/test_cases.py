"""Claims about what people ask about themselves, from the door down to the rows."""

from typing import Any

import pytest

from tests.access.conftest import Desk
from warroom.app import wiring

PLATE = "DD 7731 ZQ"


def asked(**more: Any) -> dict[str, Any]:
    return {
        "asker": "Daeng Sri",
        "identified_by": "KTP asli di loket",
        "wants": ["access"],
        "kind": "plate",
        "value": PLATE,
        **more,
    }


async def registered(desk: Desk, login: str = "pdp", **more: Any) -> str:
    answer = await desk[login].post("/api/privacy/cases", json=asked(**more))
    assert answer.status_code == 201, answer.text
    return str(answer.json()["id"])


async def jobs_run(desk: Desk, name: str) -> None:
    await next(job for job in wiring.JOBS if job.name == name).run(desk.worker)


async def test_a_case_has_three_days_and_becomes_overdue_once(desk: Desk) -> None:
    case_id = await registered(desk)
    shown = (await desk["pdp"].get(f"/api/privacy/cases/{case_id}")).json()
    assert shown["clock"] == "running"

    desk.clock.advance(72 * 3600 + 1)
    await jobs_run(desk, "privacy.overdue")
    await jobs_run(desk, "privacy.overdue")

    listed = (await desk["pdp"].get("/api/privacy/cases")).json()["items"]
    assert [one["clock"] for one in listed] == ["overdue"]
    rows = await desk.rows("select * from audit_entry where action = 'privacy:case_overdue'")
    assert len(rows) == 1
    told = await desk.rows("select * from outbox where topic = 'privacy.overdue'")
    assert len(told) == 1


async def test_a_store_that_cannot_look_by_a_plate_says_so(desk: Desk) -> None:
    case_id = await registered(desk)

    answer = await desk["pdp"].post(f"/api/privacy/cases/{case_id}/search")

    parts = answer.json()["report"]["parts"]
    able = [part["source"] for part in parts if part["is_able"]]
    assert len(parts) >= 6
    assert able == ["unit"]
    assert all(part["found"] == [] for part in parts)


async def test_a_plate_of_a_service_vehicle_tells_its_track_and_who_read_it(desk: Desk) -> None:
    unit_id, fixes = await desk.driven("Dishub", "73.71.04")
    span = {"from": desk.at(hours=-41), "to": desk.at(hours=-20)}
    await desk["admin"].get(f"/api/units/{unit_id}/track", params=span)
    case_id = await registered(desk, value="dd8123zy")

    answer = await desk["pdp"].post(f"/api/privacy/cases/{case_id}/search")

    (part,) = (one for one in answer.json()["report"]["parts"] if one["source"] == "unit")
    (found,) = part["found"]
    assert (found["count"], found["purpose"]) == (len(fixes), "unit_tracks")
    assert found["items"][0]["name"] == "Derek 1"
    assert [one["action"] for one in found["seen_by"]] == ["unit:track"]


async def test_the_plate_stands_in_no_row_and_no_audit_entry(desk: Desk) -> None:
    case_id = await registered(desk)
    await desk["pdp"].post(f"/api/privacy/cases/{case_id}/search")
    shown = (await desk["pdp"].get(f"/api/privacy/cases/{case_id}")).json()
    assert shown["subject"]["value"] == PLATE

    for table in ("privacy_case", "audit_entry", "outbox"):
        text = str(await desk.rows(f"select t::text from {table} t"))
        for written in (PLATE, PLATE.replace(" ", ""), "dd7731zq"):
            assert written not in text
            assert written.encode().hex() not in text


async def test_the_same_plate_written_otherwise_has_the_same_code(desk: Desk) -> None:
    await registered(desk)
    await registered(desk, value="dd7731zq")
    await registered(desk, value="DD 7732 ZQ")

    items = (await desk["pdp"].get("/api/privacy/cases")).json()["items"]
    codes = [one["subject_code"] for one in items]
    assert len(set(codes)) == 2
    assert codes[1] == codes[2]


async def test_a_person_is_told_what_is_stored_why_until_when_and_who_saw_it(desk: Desk) -> None:
    admin = desk["admin"]
    person = desk.people["kadishub"]
    changed = await admin.patch(f"/api/people/{person}", json={"version": 1, "title": "Kepala"})
    assert changed.status_code == 200, changed.text
    case_id = await registered(
        desk, "admin", kind="account", value="kadishub", agency_id=str(desk.agencies["Dishub"])
    )

    answer = await admin.post(f"/api/privacy/cases/{case_id}/search")

    assert answer.status_code == 200, answer.text
    report = answer.json()["report"]
    parts = {part["source"]: part for part in report["parts"]}
    account = parts["account"]["found"][0]
    assert account["items"][0]["login"] == "kadishub"
    assert "Pasal 20" in report["purposes"]["accounts"]["basis"]
    assert {one["person"] for one in account["seen_by"]} >= {"Admin"}
    assert parts["session"]["found"][0]["count"] == 1
    assert parts["audit"]["found"]
    page = await admin.get(f"/api/privacy/cases/{case_id}/report.html")
    assert "kadishub" in page.text
    assert "<script" not in page.text


async def test_a_name_is_found_in_requests_and_holds(desk: Desk) -> None:
    await desk.sent()
    hold = {
        "camera_ids": [desk.cameras[1]],
        "from": desk.at(hours=-2),
        "to": desk.at(hours=-1),
        "reason": "Kecelakaan, korban Jaksa Agung",
    }
    made = await desk["admin"].post("/api/recording/holds", json=hold)
    assert made.status_code == 201, made.text
    case_id = await registered(desk, "admin", kind="name", value="jaksa")

    report = (await desk["admin"].post(f"/api/privacy/cases/{case_id}/search")).json()["report"]

    counts = {part["source"]: [one["count"] for one in part["found"]] for part in report["parts"]}
    assert counts["request"] == [1]
    assert counts["hold"] == [1]
    assert counts["account"] == [1]


async def test_footage_tells_who_watched_the_camera_then(desk: Desk) -> None:
    case_id = await registered(
        desk, "admin", kind="footage", value="1", from_at=desk.at(hours=-2), to_at=desk.at()
    )

    report = (await desk["admin"].post(f"/api/privacy/cases/{case_id}/search")).json()["report"]

    found = next(part for part in report["parts"] if part["source"] == "footage")["found"]
    assert found[0]["until"].startswith("30 hari, lalu dihapus")


async def test_a_correction_is_carried_out_by_the_domain_that_owns_the_account(desk: Desk) -> None:
    case_id = await registered(
        desk, "admin", kind="account", value="pdp", wants=["access", "correction"]
    )
    url = f"/api/privacy/cases/{case_id}"
    await desk["admin"].post(f"{url}/search")
    early = await desk["admin"].post(f"{url}/end", json={"reason": "Sudah dijawab"})
    assert early.json()["params"] == {"field": "decisions"}

    body = {
        "wish": "correction",
        "source": "account",
        "reason": "Salah eja",
        "changes": {"name": "Rosmini Tahir"},
    }
    decided = await desk["admin"].post(f"{url}/decisions", json=body)

    assert decided.status_code == 200, decided.text
    people = await desk.rows("select name from person where login = 'pdp'")
    assert people == [{"name": "Rosmini Tahir"}]
    ended = await desk["admin"].post(f"{url}/end", json={"reason": "Sudah dijawab"})
    assert (ended.json()["outcome"], ended.json()["clock"]) == ("answered", "kept")
    again = await desk["admin"].post(f"{url}/end", json={"reason": "Sekali lagi"})
    assert again.json()["code"] == "privacy.wrong_state"


async def test_who_may_not_change_the_account_cannot_correct_it_by_a_case(desk: Desk) -> None:
    case_id = await registered(desk, kind="account", value="pengawas", wants=["correction"])

    answer = await desk["pdp"].post(
        f"/api/privacy/cases/{case_id}/decisions",
        json={
            "wish": "correction",
            "source": "account",
            "reason": "Salah eja",
            "changes": {"name": "Lain"},
        },
    )

    assert answer.status_code == 404
    assert await desk.rows("select * from privacy_decision") == []


async def test_a_deletion_that_no_store_can_do_is_refused_by_the_law(desk: Desk) -> None:
    case_id = await registered(desk, kind="account", value="pengawas", wants=["deletion"])
    url = f"/api/privacy/cases/{case_id}/decisions"
    body = {"wish": "deletion", "source": "audit", "reason": "Audit wajib disimpan"}

    plain = await desk["pdp"].post(url, json=body)
    unknown = await desk["pdp"].post(url, json=body | {"exception": "pasal_99"})
    refused = await desk["pdp"].post(url, json=body | {"exception": "pasal_50"})

    assert plain.json()["code"] == "privacy.cannot"
    assert unknown.json()["code"] == "privacy.incomplete"
    assert refused.json()["decisions"][0]["outcome"] == "refused"


async def test_cases_of_another_agency_do_not_exist(desk: Desk) -> None:
    case_id = await registered(desk)

    for login in ("pdp.polisi", "kapolres", "jaksa"):
        answer = await desk[login].get(f"/api/privacy/cases/{case_id}")
        assert answer.status_code == 404
    listed = (await desk["pdp.polisi"].get("/api/privacy/cases")).json()["items"]
    assert listed == []


async def test_who_may_only_see_reads_neither_the_plate_nor_the_report(desk: Desk) -> None:
    case_id = await registered(desk, "admin", agency_id=str(desk.agencies["Diskominfo"]))
    scope = desk.system
    async with desk.db.transaction(scope) as tx:
        await tx.execute(
            "update person_role set role = 'auditor' where person_id = %s",
            [desk.people["supervisor"]],
        )
    shown = await desk["supervisor"].get(f"/api/privacy/cases/{case_id}")

    assert shown.status_code == 200
    assert not {"subject", "report"} & shown.json().keys()
    assert (
        await desk["supervisor"].post(f"/api/privacy/cases/{case_id}/search")
    ).status_code == 404


@pytest.mark.parametrize("change", [{"value": ""}, {"wants": []}, {"kind": "face"}])
async def test_a_bad_case_is_refused(desk: Desk, change: dict[str, Any]) -> None:
    answer = await desk["pdp"].post("/api/privacy/cases", json=asked(**change))

    assert answer.status_code == 422


async def test_what_is_overdue_waits_for_who_may_answer_until_it_is_done(desk: Desk) -> None:
    case_id = await registered(desk)
    other = await desk["pdp.polisi"].post("/api/privacy/cases", json=asked())
    assert other.status_code == 201

    async def waiting(login: str) -> list[str]:
        answer = await desk[login].get("/api/privacy/overdue")
        return [one["id"] for one in answer.json().get("items", [])]

    assert await waiting("pdp") == []
    desk.clock.advance(72 * 3600 + 1)
    await jobs_run(desk, "privacy.overdue")
    assert await waiting("pdp") == [case_id]
    assert await waiting("pdp.polisi") == [other.json()["id"]]
    assert len(await waiting("admin")) == 2
    assert (await desk["pengawas"].get("/api/privacy/overdue")).status_code == 404

    await desk["pdp"].post(f"/api/privacy/cases/{case_id}/search")
    ended = await desk["pdp"].post(f"/api/privacy/cases/{case_id}/end", json={"reason": "Dijawab"})

    assert ended.status_code == 200, ended.text
    assert await waiting("pdp") == []
    rows = await desk.rows(
        "select agency_id, body from outbox where topic = 'privacy.overdue' order by xid, id"
    )
    assert [row["agency_id"] for row in rows].count(desk.agencies["Dishub"]) == 2


async def test_what_people_ask_waits_and_is_told_at_once(desk: Desk) -> None:
    case_id = await registered(desk)
    breach = await desk["pdp"].post("/api/privacy/breaches", json={"title": "Laptop hilang"})
    found = (await desk["pdp"].get("/api/privacy/waiting")).json()
    elsewhere = (await desk["pdp.polisi"].get("/api/privacy/waiting")).json()
    await desk["pdp"].get(f"/api/privacy/cases/{case_id}")
    told = await desk.rows(
        "select body::jsonb->>'kind' as kind from outbox"
        " where topic = 'privacy.changed' order by id"
    )
    await desk["pdp"].post(f"/api/privacy/cases/{case_id}/search")
    await desk["pdp"].post(f"/api/privacy/cases/{case_id}/end", json={"reason": "Dijawab"})

    assert breach.status_code == 201
    assert {"cases": 1, "breaches": 1} == found
    assert {"cases": 0, "breaches": 0} == elsewhere
    assert ["case", "breach"] == [row["kind"] for row in told]
    assert 0 == (await desk["pdp"].get("/api/privacy/waiting")).json()["cases"]
