"""WebRTC through the front door: rights, audit, and sessions that end."""

import asyncio
import os
import subprocess
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import httpx

from tests.live.serving import CAMERA, HEVC, POLICE, House, house, person
from tests.live.test_routes import warm_stream
from tests.live.test_webrtc import OFFER, PROCESS, Browser, healthy
from warroom.kernel.db import Database
from warroom.live.settings import LiveSettings
from warroom.live.webrtc.client import WebRtcClient


@asynccontextmanager
async def with_webrtc(
    db: Database, settings: LiveSettings | None = None
) -> AsyncIterator[tuple[House, httpx.AsyncClient]]:
    async with house(db, settings, main=warm_stream()) as at:
        control = Path(at.server.path).with_name("webrtc.sock")
        process = await asyncio.create_subprocess_exec(
            sys.executable, "-c", PROCESS, str(at.server.path), str(control),
            env={**os.environ, "PYTHONPATH": "src"}, stderr=subprocess.DEVNULL,
        )  # fmt: skip
        try:
            async with asyncio.timeout(20):
                while not await healthy(WebRtcClient(control)):
                    await asyncio.sleep(0.05)
            headers = {"x-as": "police", "content-type": "application/sdp"}
            async with httpx.AsyncClient(base_url=f"http://{at.url}", headers=headers) as client:
                yield at, client
        finally:
            if process.returncode is None:
                process.terminate()
            await process.wait()


async def ended(at: House) -> list[dict[str, object]]:
    async with asyncio.timeout(10):
        while not (rows := await at.audited("live:end")):
            await asyncio.sleep(0.05)
    return rows


async def test_offer_is_answered_shown_and_ended_by_its_owner_alone(db: Database) -> None:
    async with with_webrtc(db) as (at, client):
        browser = Browser()
        answer = await client.post(f"/api/live/{CAMERA}/whep", content=await browser.offer())
        await browser.accept(answer.text)
        await browser.receive(4)
        place = answer.headers["location"]
        at.people["second"] = person(None, "live:view")
        foreign = await client.delete(place, headers={"x-as": "fire"})
        own = await client.delete(place)
        gone = await client.delete(place)
        begun = await at.audited("live:view")
        closed = await ended(at)
        browser.connection.close()

    assert answer.status_code == 201
    assert answer.headers["content-type"] == "application/sdp"
    assert (foreign.status_code, own.status_code, gone.status_code) == (404, 204, 404)
    assert begun[0]["detail"] == {"role": "main", "way": "webrtc"}
    assert closed[0]["detail"]["way"] == "webrtc"


async def test_one_person_holds_no_more_sessions_than_one_may(db: Database) -> None:
    settings = LiveSettings(webrtc_per_person=2, webrtc_per_address=3)
    url = f"/api/live/{CAMERA}/whep"
    async with with_webrtc(db, settings) as (at, client):
        at.people["second"] = person(POLICE, "live:view", "cameras:read")
        browser = Browser()
        offer = await browser.offer()
        nonsense = [await client.post(url, content="nonsense") for _ in range(3)]
        own = [await client.post(url, content=offer) for _ in range(3)]
        other = [await client.post(url, content=offer, headers={"x-as": "second"}) for _ in "12"]
        freed = await client.delete(own[0].headers["location"])
        again = await client.post(url, content=offer)
        browser.connection.close()

    assert {answer.status_code for answer in nonsense} == {422}
    assert [answer.status_code for answer in own] == [201, 201, 429]
    assert own[2].json()["code"] == "too_many_open"
    assert [answer.status_code for answer in other] == [201, 429]
    assert other[1].json()["code"] == "too_many_from_address"
    assert (freed.status_code, again.status_code) == (204, 201)


async def test_strangers_get_no_answer(db: Database) -> None:
    async with with_webrtc(db) as (at, client):
        url = f"/api/live/{CAMERA}/whep"
        statuses = [
            (await client.post(url, content=OFFER, headers={"x-as": who})).status_code
            for who in ("", "fire", "nobody")
        ]
        written = await at.audited("live:view")

    assert statuses == [401, 404, 404]
    assert written == []


async def test_what_cannot_be_shown_is_told(db: Database) -> None:
    async with with_webrtc(db) as (_, client):
        nonsense = await client.post(f"/api/live/{CAMERA}/whep", content="nonsense")
        hevc = await client.post(f"/api/live/{HEVC}/whep", content=OFFER)

    assert (nonsense.status_code, nonsense.json()["code"]) == (422, "live.offer")
    assert (hevc.status_code, hevc.json()["code"]) == (409, "live.codec_not_playable")


async def test_without_the_process_the_page_is_told_to_use_the_other_way(db: Database) -> None:
    async with (
        house(db, main=warm_stream()) as at,
        httpx.AsyncClient(base_url=f"http://{at.url}", headers={"x-as": "police"}) as client,
    ):
        answer = await client.post(f"/api/live/{CAMERA}/whep", content=OFFER)

    assert (answer.status_code, answer.json()["code"]) == (503, "live.webrtc_away")


async def test_revoked_right_ends_the_session(db: Database) -> None:
    async with with_webrtc(db, LiveSettings(recheck_s=0.05)) as (at, client):
        browser = Browser()
        answer = await client.post(f"/api/live/{CAMERA}/whep", content=await browser.offer())
        await browser.accept(answer.text)
        at.people["police"] = person(None)
        closed = await ended(at)
        browser.connection.close()

    assert len(closed) == 1
