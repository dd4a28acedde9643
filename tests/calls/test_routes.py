"""The addresses of calls, as pages and other systems ask them."""

import json
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import httpx
import pytest

from tests.app.test_authorization_matrix import (  # noqa: F401
    MARK,
    World,
    form,
    walls,
    world,
    written,
)
from warroom.calls import privacy as call_privacy
from warroom.identity import api as identity
from warroom.kernel.ids import new_id
from warroom.privacy.contracts import Subject


@pytest.fixture
def own(world: World) -> httpx.AsyncClient:  # noqa: F811
    return world.own


async def tell(own: httpx.AsyncClient, **more: Any) -> str:
    """A call by a form; its id."""
    told = await own.post("/api/calls/messages", json=written(new_id()) | more)
    assert told.status_code == 201, told.text
    return str(told.json()["id"])


async def queue(own: httpx.AsyncClient) -> list[dict[str, Any]]:
    items: list[dict[str, Any]] = (await own.get("/api/calls/queue")).json()["items"]
    return items


async def close(own: httpx.AsyncClient, call: str, call_class: str) -> httpx.Response:
    return await own.post(f"/api/calls/{call}/close", json={"class": call_class})


async def test_a_written_call_waits_is_answered_and_classed(own: httpx.AsyncClient) -> None:
    call = await tell(own)
    waiting = await queue(own)
    answered = await own.post(f"/api/calls/{call}/answer")
    again = await own.post(f"/api/calls/{call}/answer")
    closed = await close(own, call, "emergency")
    shown = (await own.get(f"/api/calls/{call}")).json()

    assert [(call, "offered", "web")] == [
        (one["id"], one["state"], one["channel"]) for one in waiting
    ]
    assert (answered.status_code, again.json()["code"], closed.status_code) == (
        204, "calls.state", 204,
    )  # fmt: skip
    assert (shown["state"], shown["class"]) == ("closed", "emergency")
    assert shown["answered_at"]
    assert [event["kind"] for event in shown["events"]] == [
        "offered", "location", "answered", "ended", "closed",
    ]  # fmt: skip
    assert await queue(own) == []


async def test_the_same_message_sent_twice_is_one_call(own: httpx.AsyncClient) -> None:
    assert await tell(own, reference="f-1") == await tell(own, reference="f-1")
    assert len(await queue(own)) == 1


async def test_without_an_edge_the_queue_is_there_and_says_so(own: httpx.AsyncClient) -> None:
    await tell(own)

    told = (await own.get("/api/calls/queue")).json()

    assert (told["problem"], len(told["items"]), told["me"]) == ("calls.edge_away", 1, None)


async def test_a_call_by_a_form_cannot_be_held(own: httpx.AsyncClient) -> None:
    refused = await own.post(f"/api/calls/{await tell(own)}/hold")

    assert (refused.status_code, refused.json()["code"]) == (422, "calls.way")


async def test_nobody_signs_in_where_no_agency_takes_calls(own: httpx.AsyncClient) -> None:
    refused = await own.post("/api/calls/leg", content="v=0")

    assert (refused.status_code, refused.json()["code"]) == (503, "calls.no_desk")


async def pbx(own: httpx.AsyncClient, call: str, *events: str) -> str:
    told = ""
    for event in events:
        body = {"event": event, "call": call, "number": "0411 555", "to": "112"}
        answer = await own.post("/api/calls/pbx", json=body)
        assert answer.status_code == 200, answer.text
        told = answer.json()["id"]
    return told


async def test_a_pbx_tells_ringing_answered_ended_and_repeats_itself(
    own: httpx.AsyncClient,
) -> None:
    call = await pbx(own, "p-1", "ringing", "ringing", "answered", "answered", "ended", "ringing")

    shown = (await own.get(f"/api/calls/{call}")).json()

    assert (shown["state"], shown["channel"]) == ("wrap_up", "pbx")
    kinds = [event["kind"] for event in shown["events"]]
    assert kinds.count("ended") == 1


async def test_a_call_that_a_pbx_lost_is_to_be_called_back(own: httpx.AsyncClient) -> None:
    call = await pbx(own, "p-2", "ringing", "ended")

    assert [("callback_due", call)] == [(one["state"], one["id"]) for one in await queue(own)]


async def test_a_pbx_whose_clock_goes_behind_answers_no_call_before_it_came(
    own: httpx.AsyncClient,
) -> None:
    call = await pbx(own, "p-3", "ringing")
    body = {"event": "answered", "call": "p-3", "at": "0001-01-01T00:00:00+14:00"}
    answer = await own.post("/api/calls/pbx", json=body)

    shown = (await own.get(f"/api/calls/{call}")).json()

    assert answer.status_code == 200
    assert shown["answered_at"] == shown["offered_at"]


@pytest.mark.parametrize(("waited_s", "counted"), [(2, "short"), (30, "abandoned")])
async def test_a_call_that_a_pbx_lost_at_once_is_counted_apart(
    own: httpx.AsyncClient, world: World, waited_s: int, counted: str,  # noqa: F811
) -> None:  # fmt: skip
    await pbx(own, "p-4", "ringing")
    world.clock.advance(waited_s)
    await pbx(own, "p-4", "ended")

    board = (await own.get("/api/calls/board")).json()["level"]

    assert board[counted] == board["short"] + board["abandoned"] == 1


@pytest.mark.parametrize(
    "more",
    [
        {"text": "api\0"},
        {"reference": "\ud800"},
        {"lat": -5.1, "lon": 119.4, "radius_m": 1e99},
    ],
)
async def test_what_cannot_be_kept_is_refused_and_not_a_failure_of_ours(
    own: httpx.AsyncClient, more: dict[str, Any]
) -> None:
    content = json.dumps(written(new_id()) | more)
    told = await own.post(
        "/api/calls/messages", content=content, headers={"content-type": "application/json"}
    )

    assert (told.status_code, told.json()["code"]) == (422, "invalid")
    assert await queue(own) == []


async def test_a_number_with_three_pranks_is_flagged_with_the_reason_and_still_waits(
    own: httpx.AsyncClient,
) -> None:
    for _ in range(3):
        await close(own, await tell(own), "prank")

    call = await tell(own)
    (waiting,) = await queue(own)
    shown = (await own.get(f"/api/calls/{call}")).json()

    assert waiting["nuisance"] >= 50
    assert "pranks:3" in waiting["nuisance_reasons"]
    assert ["prank"] * 3 == [one["class"] for one in shown["history"]]


async def test_a_flagged_call_that_was_real_is_counted(
    own: httpx.AsyncClient, world: World,  # noqa: F811
) -> None:  # fmt: skip
    for _ in range(3):
        await close(own, await tell(own), "ghost")
    call = await tell(own)
    scope = identity.system_scope("test", world.clock, door="cli")
    async with world.db.transaction(scope) as tx:
        await tx.execute("update call set channel = 'phone' where id = %s", [UUID(call)])
        await tx.execute(
            "update call set state = 'closed', class = 'emergency', answered_at = offered_at"
            " where id = %s",
            [UUID(call)],
        )

    level = (await own.get("/api/calls/board")).json()["level"]

    assert (level["flagged"], level["flagged_real"]) == (1, 1)
    assert (level["offered"], level["answered"], level["within_15"]) == (1, 1, 1)


async def test_the_service_level_counts_each_call_once_and_tells_what_is_missing(
    own: httpx.AsyncClient, world: World,  # noqa: F811
) -> None:  # fmt: skip
    calls = [await tell(own) for _ in range(7)]
    await close(own, calls[6], "test")
    rows = [(5, 60, False), (18, 60, False), (40, 90, False), (None, 30, False), (None, 2, True)]
    scope = identity.system_scope("test", world.clock, door="cli")
    async with world.db.transaction(scope) as tx:
        await tx.execute("update call set channel = 'phone'")
        for call, (answered, ended, short) in zip(calls, rows, strict=False):
            await tx.execute(
                "update call set answered_at = offered_at + %s * interval '1 s',"
                " ended_at = offered_at + %s * interval '1 s', is_short = %s where id = %s",
                [answered, ended, short, UUID(call)],
            )
    board = (await own.get("/api/calls/board")).json()["level"]
    names = ("offered", "answered", "within_15", "within_20", "abandoned", "short", "waiting")

    assert [board[name] for name in names] == [6, 3, 1, 2, 1, 1, 1]
    assert board["p90_s"] == 40


async def test_a_prank_that_nobody_answered_is_no_share_of_those_answered(
    own: httpx.AsyncClient, world: World,  # noqa: F811
) -> None:  # fmt: skip
    call = await pbx(own, "p-5", "ringing", "ended")
    await close(own, call, "prank")

    board = (await own.get("/api/calls/board")).json()["level"]

    assert (board["nuisance"], board["answered"], board["abandoned"]) == (0, 0, 0)
    assert board["short"] == 1


async def test_a_call_joined_to_an_incident_brings_its_place(own: httpx.AsyncClient) -> None:
    call = await tell(own)
    draft = await own.put(f"/api/incidents/drafts/{new_id()}", json=form(MARK))
    url = f"/api/incidents/{draft.json()['id']}"

    for _ in range(2):
        assert (await own.post(f"{url}/calls", json={"call_id": call})).status_code == 204
    shown = (await own.get(url)).json()

    assert shown["call_ids"] == [call]
    assert [(-5.13, 119.41, call)] == [
        (one["lat"], one["lon"], one["call"]) for one in shown["locations"] if one["call"]
    ]


async def test_a_person_is_found_by_any_way_to_write_their_number(
    own: httpx.AsyncClient, world: World,  # noqa: F811
) -> None:  # fmt: skip
    await tell(own)
    scope = identity.system_scope("test", world.clock, door="cli")
    found = []
    async with world.db.transaction(scope) as tx:
        for number in ("0811200", "+62 811 200", "62-811-200", "0811201"):
            stored = await call_privacy.find_calls(scope, tx, Subject("phone", number))
            found.append(sum(one.count for one in stored))

    assert found == [1, 1, 1, 0]


async def test_how_many_agents_a_load_needs(own: httpx.AsyncClient) -> None:
    query = {"calls_per_h": "25", "handling_s": "120"}
    told = (await own.get("/api/calls/staffing", params=query)).json()

    assert told["needed"] == 3
    assert {one["agents"]: round(one["within"], 2) for one in told["items"]}[2] == 0.79


async def test_the_coming_hours_are_foretold_by_the_same_hour_before(
    own: httpx.AsyncClient, world: World,  # noqa: F811
) -> None:  # fmt: skip
    scope = identity.system_scope("test", world.clock, door="cli")
    agency = (await own.get("/api/session")).json()["agency"]["id"]
    now = world.clock.now()
    async with world.db.transaction(scope) as tx:
        for week, calls in enumerate((40, 20, 30), start=1):
            for second in range(calls):
                at = now - timedelta(weeks=week) + timedelta(seconds=second)
                await tx.execute(
                    "insert into call (id, agency_id, node, direction, state, offered_at,"
                    " answered_at, ended_at, channel, class) values"
                    " (%s, %s, 'n', 'in', 'closed', %s, %s, %s, 'phone', %s)",
                    [
                        *(new_id(), agency, at, at + timedelta(seconds=5)),
                        *(at + timedelta(seconds=125), "test" if second >= 20 else "emergency"),
                    ],
                )

    told = (await own.get("/api/calls/forecast")).json()
    typed = (await own.get("/api/calls/forecast", params={"handling_s": "600"})).json()

    now_hour, later = told["items"][0], told["items"][5]
    # Those that were tests do not count.
    assert (now_hour["calls"], now_hour["low"], now_hour["high"], now_hour["weeks"]) == (
        20,
        20,
        20,
        3,
    )
    assert (told["handling_s"], told["handled"], told["calls"]) == (120, 60, 60)
    assert now_hour["needed"] == 3
    assert typed["items"][0]["needed"] > 3
    assert datetime.fromisoformat(now_hour["at"]) <= now
    assert (later["calls"], later["weeks"]) == (0, 3)


async def test_without_a_history_nothing_is_foretold(own: httpx.AsyncClient) -> None:
    told = (await own.get("/api/calls/forecast")).json()

    assert {(one["calls"], one["needed"], one["weeks"]) for one in told["items"]} == {
        (None, None, 0)
    }
    assert (told["handling_s"], told["handled"]) == (None, 0)
