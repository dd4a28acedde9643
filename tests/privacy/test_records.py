"""Claims about the record of processing, retention, proof of deletion, and the assessment."""

import csv
import io
from datetime import timedelta
from typing import Any

import psycopg
import pytest

from tests.access.conftest import Desk
from tests.scopes import AT
from warroom.app import wiring
from warroom.kernel import deletions
from warroom.kernel.deletions import Deletion
from warroom.kernel.ids import new_id
from warroom.privacy import api, store


async def run(desk: Desk, name: str) -> None:
    await next(job for job in wiring.JOBS if job.name == name).run(desk.worker)


async def note(desk: Desk, agency: str | None = "Dishub", count: int = 3, **more: object) -> None:
    now = desk.clock.now()
    deletion = Deletion(
        "rec-1 disk 1",
        "footage.standard",
        "age",
        count,
        now,
        now,
        now - timedelta(days=31),
        now - timedelta(days=30),
        bytes=count * 1000,
        agency_id=desk.agencies[agency] if agency else None,
    )
    async with desk.db.transaction(desk.system) as tx:
        await deletions.note_total(desk.system, tx, deletion)


async def test_every_domain_that_stores_something_about_people_is_in_the_record(
    desk: Desk,
) -> None:
    items = (await desk["pdp"].get("/api/privacy/purposes")).json()["items"]

    keys = {one["key"] for one in items}
    assert keys >= {
        "cctv_live",
        "cctv_recording",
        "cctv_hold",
        "access_requests",
        "audit",
        "sign_in",
    }
    assert all(one["basis"] and one["data"] and one["retention"] for one in items)
    classes = (await desk["pdp"].get("/api/privacy/retention")).json()["items"]
    assert {one["retention"] for one in items} <= {one["key"] for one in classes}


async def test_who_holds_a_loan_in_force_is_a_recipient_and_then_no_more(desk: Desk) -> None:
    await desk.lent()

    async def receiving() -> list[str]:
        items = (await desk["pdp"].get("/api/privacy/purposes")).json()["items"]
        found: list[str] = next(one for one in items if one["key"] == "cctv_live")["receiving"]
        return found

    number = (await desk.rows("select number from access_request"))[0]["number"]
    assert [one.split()[0] for one in await receiving()] == [number]
    desk.clock.advance(8 * 86_400)
    assert await receiving() == []


async def test_a_purpose_has_versions_that_say_who_when_and_why(desk: Desk) -> None:
    url = "/api/privacy/records/purpose/cctv_live"
    body = {"name": "Pemantauan", "contact": "pdp@makassar.example", "basis": "Perwali 1/2026"}
    first = {"version": 0, "reason": "Diisi menurut Perwali", "body": body}
    assert (await desk["pdp"].put(url, json=first)).status_code == 200
    stale = await desk["pdp"].put(url, json=first)
    assert stale.json()["code"] == "privacy.changed_meanwhile"
    second = {"version": 1, "reason": "Kontak baru", "body": body | {"contact": "dpo@x"}}
    assert (await desk["pdp"].put(url, json=second)).status_code == 200

    versions = (await desk["pdp"].get(url + "/versions")).json()["items"]
    items = (await desk["pdp"].get("/api/privacy/purposes")).json()["items"]

    assert [(one["version"], one["person_label"], one["reason"]) for one in versions] == [
        (2, "Pdp", "Kontak baru"),
        (1, "Pdp", "Diisi menurut Perwali"),
    ]
    shown = next(one for one in items if one["key"] == "cctv_live")
    assert (shown["contact"], shown["version"]) == ("dpo@x", 2)
    rows = await desk.rows("select * from audit_entry where action = 'privacy:purpose_changed'")
    assert len(rows) == 2
    others = (await desk["pdp.polisi"].get("/api/privacy/purposes")).json()["items"]
    assert next(one for one in others if one["key"] == "cctv_live")["version"] == 0


async def purpose(desk: Desk, key: str, language: str) -> dict[str, Any]:
    answer = await desk["pdp"].get("/api/privacy/purposes", headers={"accept-language": language})
    found: dict[str, Any] = next(one for one in answer.json()["items"] if one["key"] == key)
    return found


async def test_the_record_speaks_the_readers_language_but_for_what_its_agency_wrote(
    desk: Desk,
) -> None:
    """A form sends all words back: those that nobody changed must not stay in one language."""
    seen = await purpose(desk, "cctv_live", "en")
    assert (seen["name"], seen["unsearched"]) == ("CCTV: live monitoring", "nothing is stored")
    words = ("name", "basis", "data", "subjects", "recipients", "stored", "measures")
    body = {word: seen[word] for word in words} | {"data": "Gambar tanpa suara"}
    await desk["pdp"].put(
        "/api/privacy/records/purpose/cctv_live",
        json={"version": 0, "reason": "Tanpa suara", "body": body},
    )

    again = await purpose(desk, "cctv_live", "id")

    assert again["name"] == "CCTV: pemantauan langsung"
    assert again["data"] == "Gambar tanpa suara"
    assert again["version"] == 1


async def test_a_class_of_footage_is_named_in_the_readers_language(desk: Desk) -> None:
    english = {"accept-language": "en"}
    page = (await desk["pdp"].get("/api/privacy/retention", headers=english)).json()

    standard = next(one for one in page["items"] if one["key"] == "footage.standard")
    assert standard["name"] == "Footage of class Standard"
    assert standard["end"].startswith("deleted automatically; earlier when the disk is full")


async def test_another_agencys_record_is_neither_read_nor_written(desk: Desk) -> None:
    dishub = {"agency": str(desk.agencies["Dishub"])}
    body = {"version": 0, "reason": "Bukan urusan", "body": {"name": "X"}}

    read = await desk["pdp.polisi"].get("/api/privacy/purposes", params=dishub)
    written = await desk["pdp.polisi"].put(
        "/api/privacy/records/purpose/cctv_live", params=dishub, json=body
    )
    only_view = await desk["kadishub"].put("/api/privacy/records/purpose/cctv_live", json=body)

    assert [read.status_code, written.status_code, only_view.status_code] == [404, 404, 404]


async def test_a_class_is_a_finding_until_its_law_is_written(desk: Desk) -> None:
    before = (await desk["pdp"].get("/api/privacy/retention")).json()
    assert "footage.standard" in before["findings"]
    body = {"name": "Rekaman", "end": "dihapus", "basis": "Perwali 12/2026 Pasal 9"}

    await desk["pdp"].put(
        "/api/privacy/records/retention/footage.standard",
        json={"version": 0, "reason": "Dasar ditetapkan", "body": body, "days": 5},
    )

    after = (await desk["pdp"].get("/api/privacy/retention")).json()
    assert "footage.standard" not in after["findings"]
    shown = next(one for one in after["items"] if one["key"] == "footage.standard")
    assert shown["days"] == 30.0  # What is in force comes from the settings, whatever is written.


async def test_the_record_is_exported_as_csv_and_as_a_page(desk: Desk) -> None:
    body = {"name": "=HYPERLINK(1)", "basis": "<b>UU</b>"}
    await desk["pdp"].put(
        "/api/privacy/records/purpose/cctv_live",
        json={"version": 0, "reason": "Uji", "body": body},
    )

    answer = await desk["pdp"].get("/api/privacy/purposes.csv")
    page = (await desk["pdp"].get("/api/privacy/purposes.html")).text

    rows = {row["key"]: row for row in csv.DictReader(io.StringIO(answer.text))}
    assert rows["cctv_live"]["name"] == "'=HYPERLINK(1)"
    assert "&lt;b&gt;UU" in page
    assert "<b>" not in page


async def test_deleted_sessions_are_proven_by_a_sum_of_the_day(desk: Desk) -> None:
    sessions = await desk.rows("select count(*) as n from session")
    desk.clock.advance(100_000 * 3600 + 32 * 86_400)

    await run(desk, "identity.tidy")
    await run(desk, "identity.tidy")

    left = await desk.rows("select count(*) as n from session")
    proof = await desk.rows("select * from privacy_deletion where store = 'session'")
    assert left == [{"n": 0}]
    assert [one["count"] for one in proof] == [sessions[0]["n"]]
    assert proof[0]["rule"] == "age"
    assert proof[0]["last_at"] is not None


async def test_a_day_that_is_over_goes_into_the_audit_once_and_again_when_it_grew(
    desk: Desk,
) -> None:
    await note(desk, count=3)
    await run(desk, "privacy.seal_deletions")
    assert await desk.rows("select * from audit_entry where action = 'privacy:deleted'") == []
    desk.clock.advance(86_400)

    await run(desk, "privacy.seal_deletions")
    await run(desk, "privacy.seal_deletions")

    rows = await desk.rows(
        "select detail::json ->> 'count' as n from audit_entry where action = 'privacy:deleted'"
    )
    assert rows == [{"n": "3"}]
    desk.clock.advance(-86_400)
    await note(desk, count=5)  # The recorder was away, and tells the whole sum of that day later.
    desk.clock.advance(86_400)
    await run(desk, "privacy.seal_deletions")
    rows = await desk.rows(
        "select detail::json ->> 'count' as n from audit_entry where action = 'privacy:deleted'"
    )
    assert sorted(row["n"] for row in rows) == ["3", "5"]


async def test_what_was_deleted_is_listed_for_the_owner_alone(desk: Desk) -> None:
    await note(desk)
    await note(desk, agency=None, count=7)

    own = (await desk["pdp"].get("/api/privacy/deletions")).json()["items"]
    other = (await desk["pdp.polisi"].get("/api/privacy/deletions")).json()["items"]
    city = (await desk["admin"].get("/api/privacy/deletions")).json()["items"]
    text = (await desk["pdp"].get("/api/privacy/deletions.csv")).text

    assert [one["count"] for one in own] == [3]
    assert other == []
    assert sorted(one["count"] for one in city) == [3, 7]
    assert "rec-1 disk 1,footage.standard,age" in text


async def test_pages_of_deletions_hold_each_once(desk: Desk) -> None:
    for agency in ("Dishub", "Polrestabes", "Damkar", None):
        await note(desk, agency=agency)
    seen: list[str] = []
    cursor = None
    while True:
        query = {"limit": 3} | ({"cursor": cursor} if cursor else {})
        page = (await desk["admin"].get("/api/privacy/deletions", params=query)).json()
        seen += [one["id"] for one in page["items"]]
        cursor = page["next"]
        if cursor is None:
            break

    assert len(seen) == len(set(seen)) == 4


@pytest.mark.parametrize("change", ["count = 1", "bytes = 0", "class = 'x'", "day = day - 1"])
async def test_proof_never_shrinks(desk: Desk, change: str) -> None:
    await note(desk)

    with pytest.raises(psycopg.errors.InsufficientPrivilege):
        await desk.rows(f"update privacy_deletion set {change} returning 1 as done")


async def test_the_assessment_states_what_is_in_force_and_what_it_cannot_know(desk: Desk) -> None:
    answer = await desk["admin"].get(
        "/api/privacy/assessment", params={"agency": str(desk.agencies["Dishub"])}
    )
    found = answer.json()
    text = (await desk["pdp"].get("/api/privacy/assessment.md")).text

    assert sum(one["count"] for one in found["cameras"]) == 3
    tables = await desk.rows(
        "select count(*) as n from pg_class where relrowsecurity and relkind = 'r'"
        " and relnamespace = 'public'::regnamespace"
    )
    assert found["security"]["tables_walled"] == tables[0]["n"]
    assert found["security"]["disk_encryption"] is None
    assert "Enkripsi disk: tidak diketahui sistem" in text
    assert "TEMUAN" in text
    assert "Bukan nasihat hukum" in text


async def test_an_agency_that_does_not_exist_is_not_found(desk: Desk) -> None:
    for path in ("purposes", "retention", "assessment"):
        answer = await desk["pdp"].get(f"/api/privacy/{path}", params={"agency": str(new_id())})
        assert answer.status_code == 404


@pytest.mark.parametrize(("language", "title"), [("id", "Penilaian Dampak"), ("en", "Impact Ass")])
async def test_the_assessment_is_printed_in_either_language(
    desk: Desk, language: str, title: str
) -> None:
    body = {"name": "A | B <script>", "basis": "Baris\n\n# satu"}
    url = "/api/privacy/records/purpose/cctv_live"
    await desk["pdp"].put(url, json={"version": 0, "reason": "Diisi", "body": body})

    answer = await desk["pdp"].get("/api/privacy/assessment.html", params={"language": language})

    page = answer.text
    assert answer.headers["content-type"].startswith("text/html")
    assert f'<html lang="{language}">' in page
    assert title in page.split("</title>")[0]
    assert "<h3>A / B &lt;script&gt;</h3>" in page
    assert "Baris # satu" in page
    assert page.count("<h2>") == 8
    assert "privacy." not in page.split("<body>")[1].replace("privacy_", "")


def test_the_assessment_is_written_in_one_language_alone() -> None:
    found = {
        "made_at": AT, "made_by": "Sri", "purposes": [], "retention": [], "seats": 1,
        "cameras": [{"class": "standard", "owner": "Dishub", "place": None, "count": 3}],
        "roles": [{"role": "auditor", "label": "", "factor": "any", "seats_only": False}],
        "security": {"tables": 9, "tables_walled": 9, "anchors": []},
    }  # fmt: skip

    english, indonesian = (api.as_markdown(found, language) for language in ("en", "id"))

    assert "| Auditor | Any second factor | no |" in english
    assert "| Standard | Dishub | - | 3 |" in english
    assert "Faktor kedua apa pun" in indonesian
    shared = {one for one in english.splitlines() if one in indonesian.splitlines()}
    assert not {one for one in shared if any(letter.isalpha() for letter in one)}


@pytest.mark.parametrize("language", ["id", "en"])
async def test_no_printed_page_shows_a_key_for_want_of_a_text(desk: Desk, language: str) -> None:
    made = {"asker": "Sri", "identified_by": "KTP", "wants": ["access"], "kind": "account"}
    case = await desk["admin"].post("/api/privacy/cases", json={**made, "value": "pengawas"})
    leak = await desk["admin"].post("/api/privacy/breaches", json={"title": "Bocor"})
    paths = [
        "/api/privacy/purposes.html",
        f"/api/privacy/cases/{case.json()['id']}/report.html",
        f"/api/privacy/breaches/{leak.json()['id']}/notice.html",
    ]
    await desk["admin"].post(f"/api/privacy/cases/{case.json()['id']}/search")

    for path in paths:
        page = (await desk["admin"].get(path, params={"language": language})).text
        assert f'<html lang="{language}">' in page
        assert "privacy." not in page
        assert ("Printed" in page) == (language == "en")


async def test_each_agency_reads_its_own_record_where_one_may_read_both(desk: Desk) -> None:
    police, dishub = desk.agencies["Polrestabes"], desk.agencies["Dishub"]
    async with desk.db.transaction(desk.system) as tx:
        for agency, basis in ((police, "polisi"), (dishub, "dishub")):
            record = (agency, "purpose", "cctv_live")
            assert await store.add_version(desk.system, tx, record, 1, {"basis": basis}, "uji")
        read = {}
        for agency in (police, dishub):
            newest = await store.list_records(desk.system, tx, agency, "purpose")
            versions = await store.list_versions(desk.system, tx, agency, "purpose", "cctv_live")
            bodies = [newest["cctv_live"]["body"], *(one["body"] for one in versions)]
            read[agency] = {body["basis"] for body in bodies}

    assert read == {police: {"polisi"}, dishub: {"dishub"}}
