"""Claims about the register of breaches: its clock, its states, and that nothing goes away."""

from typing import Any

import psycopg
import pytest

from tests.access.conftest import Desk
from warroom.app import wiring
from warroom.kernel.postgres import Connections


async def registered(desk: Desk, **more: Any) -> str:
    body = {"title": "Laptop berisi rekaman hilang", "body": {"what": "Laptop dicuri"}, **more}
    answer = await desk["pdp"].post("/api/privacy/breaches", json=body)
    assert answer.status_code == 201, answer.text
    return f"/api/privacy/breaches/{answer.json()['id']}"


async def change(desk: Desk, url: str, **body: Any) -> Any:
    version = (await desk["pdp"].get(url)).json()["version"]
    return await desk["pdp"].patch(url, json={"version": version, **body})


async def test_a_breach_goes_from_found_to_closed_by_two_notices(desk: Desk) -> None:
    url = await registered(desk)
    assert (await change(desk, url, to="notified")).json()["code"] == "privacy.wrong_state"
    await change(desk, url, to="assessed", body={"data": "rekaman 3 kamera"})
    too_early = await change(desk, url, to="notified")
    assert too_early.json()["params"] == {"field": "subjects_at"}

    desk.clock.advance(3600)
    await change(desk, url, subjects_at=desk.at(), authority_at=desk.at(minutes=-5))
    await change(desk, url, to="notified")
    answer = await change(desk, url, to="closed")

    assert answer.status_code == 200, answer.text
    shown = answer.json()
    assert (shown["state"], shown["clock"], shown["next"]) == ("closed", "kept", [])
    assert shown["body"] == {"what": "Laptop dicuri", "data": "rekaman 3 kamera"}
    rows = await desk.rows("select * from audit_entry where action = 'privacy:breach_changed'")
    assert len(rows) == 4


async def test_a_notice_once_given_keeps_its_time(desk: Desk) -> None:
    url = await registered(desk)
    desk.clock.advance(600)
    first = (await change(desk, url, authority_at=desk.at())).json()["authority_at"]
    desk.clock.advance(600)

    again = (await change(desk, url, authority_at=desk.at())).json()["authority_at"]

    assert again == first


@pytest.mark.parametrize("offset", [{"days": 1}, {"days": -9}])
async def test_a_notice_lies_between_the_finding_and_now(
    desk: Desk, offset: dict[str, float]
) -> None:
    url = await registered(desk)

    answer = await change(desk, url, subjects_at=desk.at(**offset))

    assert answer.json()["params"] == {"field": "subjects_at"}


async def test_nobody_was_told_in_time_is_overdue_and_told_once(desk: Desk) -> None:
    url = await registered(desk)
    desk.clock.advance(72 * 3600 + 1)
    job = next(job for job in wiring.JOBS if job.name == "privacy.overdue")

    await job.run(desk.worker)
    await job.run(desk.worker)

    assert (await desk["pdp"].get(url)).json()["clock"] == "overdue"
    rows = await desk.rows("select * from audit_entry where action = 'privacy:breach_overdue'")
    assert len(rows) == 1


async def test_the_notice_is_indonesian_and_leaves_blanks_where_nothing_is_known(
    desk: Desk,
) -> None:
    url = await registered(desk)

    notice = (await desk["pdp"].get(url)).json()["notice"]
    page = await desk["pdp"].get(url + "/notice.html")

    assert "Pasal 46" in notice
    assert "Yang terjadi: Laptop dicuri" in notice
    assert "Narahubung: [........]" in notice
    assert "24-11-2026 pukul 14.00 WITA" in notice
    assert "Laptop dicuri" in page.text


async def test_markup_in_a_breach_is_text_on_the_printed_page(desk: Desk) -> None:
    url = await registered(desk, body={"what": "<img src=x onerror=alert(1)>"})

    page = await desk["pdp"].get(url + "/notice.html")

    assert "<img" not in page.text
    assert "&lt;img" in page.text


async def test_an_old_version_changes_nothing(desk: Desk) -> None:
    url = await registered(desk)
    await change(desk, url, to="assessed")

    answer = await desk["pdp"].patch(url, json={"version": 1, "body": {"what": "lain"}})

    assert answer.json()["code"] == "privacy.changed_meanwhile"


async def test_another_agency_sees_no_breach(desk: Desk) -> None:
    url = await registered(desk)

    assert (await desk["pdp.polisi"].get(url)).status_code == 404
    assert (await desk["pdp.polisi"].get("/api/privacy/breaches")).json()["items"] == []


@pytest.mark.parametrize(
    "statement",
    [
        "delete from privacy_breach",
        "delete from privacy_case",
        "delete from privacy_deletion",
        "delete from privacy_decision",
        "update privacy_decision set reason = ''",
        "update privacy_record set body = '{}'",
        "delete from privacy_record",
    ],
)
def test_the_application_cannot_take_any_of_it_back(
    connections: Connections, statement: str
) -> None:
    with (
        psycopg.connect(connections.app) as connection,
        pytest.raises(psycopg.errors.InsufficientPrivilege),
    ):
        connection.execute(statement)


async def test_an_overdue_breach_waits_until_nobody_has_to_be_told_any_more(desk: Desk) -> None:
    url = await registered(desk)
    await change(desk, url, to="assessed")
    desk.clock.advance(72 * 3600 + 1)
    await next(job for job in wiring.JOBS if job.name == "privacy.overdue").run(desk.worker)

    before = (await desk["pdp"].get("/api/privacy/overdue")).json()["items"]
    await change(desk, url, to="not_required", reason="Terenkripsi")
    after = (await desk["pdp"].get("/api/privacy/overdue")).json()["items"]

    assert [(one["kind"], one["number"][:3]) for one in before] == [("breach", "IPD")]
    assert after == []
    told = await desk.rows("select * from outbox where topic = 'privacy.overdue'")
    assert len(told) == 2
