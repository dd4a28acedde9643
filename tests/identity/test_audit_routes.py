"""The audit over HTTP: read by those who may, and the reading itself is written down."""

from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path

from fastapi import FastAPI

from tests.identity.conftest import City, Clients, signed_in
from warroom.app.connections import WebSettings
from warroom.audit import api as audit
from warroom.kernel.limits import Cost, RequestLimits


async def test_an_auditor_reads_newest_first_and_is_read_in_turn(browser: Clients) -> None:
    async with signed_in(browser, "auditor") as client:
        await client.get("/api/audit", params={"q": "polisi"})
        page = (await client.get("/api/audit", params={"limit": "2"})).json()
        second = await client.get("/api/audit", params={"cursor": page["next"], "limit": "2"})

    newest = page["items"][0]
    assert (newest["action"], newest["detail"]) == ("audit:read", {"q": "polisi"})
    assert newest["person"]["name"] == "Auditor"
    assert len(second.json()["items"]) == 2


async def test_a_made_up_cursor_reads_nothing_in_secret(browser: Clients) -> None:
    made_up = "4102444800000000.00000000-0000-0000-0000-000000000000"
    async with signed_in(browser, "auditor") as client:
        read = await client.get("/api/audit", params={"cursor": made_up, "q": "polisi"})
        newest = (await client.get("/api/audit", params={"limit": "1"})).json()["items"][0]

    assert 200 == read.status_code
    assert "audit:read" == newest["action"]
    assert {"q": "polisi", "cursor": made_up} == newest["detail"]


async def test_who_has_many_exports_in_work_waits_for_one(
    app: FastAPI, city: City, browser: Clients
) -> None:
    limits = app.state.services[RequestLimits]
    scope = await city.scope("auditor")
    async with signed_in(browser, "auditor") as client:
        with ExitStack() as working:
            for _ in range(WebSettings().exports_per_person):
                working.enter_context(limits.take(Cost.EXPORT, scope))
            refused = await client.post("/api/audit/export", json={"form": "csv"})
        taken = [await client.post("/api/audit/export", json={"form": "csv"}) for _ in range(6)]

    assert (refused.status_code, refused.json()["code"]) == (429, "too_many_open")
    assert {200} == {answer.status_code for answer in taken}


async def test_who_only_operates_reads_no_audit(browser: Clients) -> None:
    async with signed_in(browser, "polisi") as client:
        statuses = [
            (await client.get(path)).status_code for path in ("/api/audit", "/api/audit/seal")
        ]

    assert statuses == [404, 404]


async def test_the_seal_says_what_the_last_walk_found(
    city: City, browser: Clients, services: dict[type, object]
) -> None:
    async with signed_in(browser, "auditor") as client:
        before = (await client.get("/api/audit/seal")).json()
        file = services[audit.Anchoring]
        assert isinstance(file, audit.Anchoring)
        await audit.anchor(city.system, city.db, file, city.clock)
        await audit.verify_and_seal(city.system, city.db, file, city.clock)

        after = (await client.get("/api/audit/seal")).json()

    assert (before["verified_at"], before["intact"]) == (None, None)
    assert after["intact"] is True
    assert after["rows"] > 0
    assert after["anchored_at"] == after["verified_at"] == "2026-11-24T06:00:00Z"
    assert len(after["head"]) == 64


async def test_a_query_that_cannot_be_read_is_refused(browser: Clients) -> None:
    async with signed_in(browser, "auditor") as client:
        answers = [
            await client.get("/api/audit", params=query)
            for query in ({"cursor": "x"}, {"from": "gestern"}, {"person": "1"}, {"limit": "0"})
        ]

    assert [answer.status_code for answer in answers] == [422] * 4
    assert answers[0].json()["code"] == "audit.wrong_cursor"


async def test_a_place_for_anchors_that_fails_shows_on_the_page_and_in_the_health_of_the_node(
    city: City, browser: Clients, services: dict[type, object]
) -> None:
    good = services[audit.Anchoring]
    assert isinstance(good, audit.Anchoring)
    settings = audit.AuditSettings(syslog=["tcp://user:secret@127.0.0.1:1"])
    async with signed_in(browser, "auditor") as client:
        await audit.anchor(city.system, city.db, good, city.clock)
        healthy = (await client.get("/healthz")).json()
        failing = replace(good, settings=settings)
        await audit.anchor(city.system, city.db, failing, city.clock)

        ill = (await client.get("/healthz")).json()
        anchors = (await client.get("/api/audit/seal")).json()["anchors"]

    assert "audit_anchor_syslog" not in healthy["lacks"]
    assert "audit_anchor_syslog" in ill["lacks"]
    assert [(anchor["kind"], anchor["problem"]) for anchor in anchors] == [
        ("file", None),
        ("syslog", "unreachable"),
    ]
    assert anchors[1]["target"] == "syslog:tcp://127.0.0.1:1"


async def test_questions_are_answered_and_are_entries_themselves(
    city: City, browser: Clients
) -> None:
    period = {"from": "2026-11-24T05:00:00Z", "to": "2026-11-24T07:00:00Z"}
    async with signed_in(browser, "auditor") as client:
        watchers = await client.get("/api/audit/watchers", params={"object": "x", **period})
        seen = await client.get(
            "/api/audit/seen", params={"person": str(city.people["polisi"]), **period}
        )
        hints = await client.get("/api/audit/hints")
        empty = await client.get(
            "/api/audit/watchers", params={"object": "x", **period, "to": period["from"]}
        )
        page = (await client.get("/api/audit", params={"action": "audit:read"})).json()

    assert (watchers.json()["items"], seen.json()["items"], hints.json()["items"]) == ([], [], [])
    assert (empty.status_code, empty.json()["code"]) == (422, "audit.wrong_period")
    asked = [item["detail"].get("question") for item in page["items"]]
    assert asked == ["hints", "seen", "watchers"]


async def test_an_export_comes_as_a_file_that_holds(browser: Clients, tmp_path: Path) -> None:
    async with signed_in(browser, "auditor") as client:
        answer = await client.post("/api/audit/export", json={"form": "jsonl", "door": "cli"})
        wrong = await client.post("/api/audit/export", json={"form": "exe"})
    path = tmp_path / "export.zip"
    path.write_bytes(answer.content)

    report = audit.check_export(path)

    assert (answer.headers["content-type"], wrong.status_code) == ("application/zip", 422)
    assert report.holds
    assert report.rows > 0
