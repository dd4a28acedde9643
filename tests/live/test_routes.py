"""Live view over real sockets: who may, what they get, what is written down."""

import asyncio
import io
import json
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import av
import httpx
import pytest
import websockets
from websockets.asyncio.client import ClientConnection, connect

from tests.live.media_server import GOP, Stream, make_clip
from tests.live.serving import CAMERA, DARK, HEVC, POLICE, House, house, person
from tests.live.test_hub import until
from warroom.kernel.db import Database
from warroom.kernel.limits import address_key, asker_key
from warroom.live.settings import LiveSettings


@asynccontextmanager
async def viewer(
    at: House, who: str = "police", camera: object = CAMERA, role: str = "auto", way: str = "mse"
) -> AsyncIterator[ClientConnection]:
    url = f"ws://{at.url}/api/live/{camera}/{way}?role={role}"
    headers = {"x-as": who} if who else {}
    async with connect(
        url, additional_headers=headers, proxy=None, max_size=None, close_timeout=2
    ) as ear:
        yield ear


async def receive(ear: ClientConnection, frames: int) -> tuple[list[dict[str, object]], bytes]:
    texts: list[dict[str, object]] = []
    data = b""
    async with asyncio.timeout(10):
        while data.count(b"moof") < frames:
            item = await ear.recv()
            if isinstance(item, str):
                texts.append(json.loads(item))
            else:
                data += item
    return texts, data


async def refusal(ear: ClientConnection) -> dict[str, object]:
    async with asyncio.timeout(10):
        async for item in ear:
            if isinstance(item, str) and json.loads(item)["type"] == "refused":
                return dict(json.loads(item))
    pytest.fail("closed without a word")


def warm_stream(frames: int = GOP + 4) -> Stream:
    stream = Stream(make_clip())
    for _ in range(frames):
        stream.next_frame()
    return stream


async def test_picture_comes_at_once_and_plays(db: Database) -> None:
    async with house(db, main=warm_stream()) as at, viewer(at) as ear:
        texts, data = await receive(ear, 4)
        at.server.send(str(CAMERA), count=3)
        _, more = await receive(ear, 3)

    assert [text["type"] for text in texts] == ["state", "init"]
    with av.open(io.BytesIO(data + more)) as box:
        assert len(list(box.decode(video=0))) == 7


@pytest.mark.parametrize(("who", "status"), [("", 401), ("fire", 404), ("nobody", 404)])
async def test_strangers_are_refused_before_the_socket_opens(
    db: Database, who: str, status: int
) -> None:
    async with house(db, main=warm_stream()) as at:
        with pytest.raises(websockets.InvalidStatus) as caught:
            async with viewer(at, who):
                pass
        pictures = httpx.AsyncClient(base_url=f"http://{at.url}", headers={"x-as": who})
        async with pictures:
            answer = await pictures.get(f"/api/live/{CAMERA}/snapshot.jpg")
        written = await at.audited("live:view")

    assert caught.value.response.status_code in (status, 403)
    assert answer.status_code == status
    assert written == []


async def test_look_is_written_down_when_it_begins_and_when_it_ends(db: Database) -> None:
    async with house(db, main=warm_stream()) as at:
        async with viewer(at) as ear:
            await receive(ear, 4)
            begun = await at.audited("live:view")
        async with asyncio.timeout(10):
            while not (ended := await at.audited("live:end")):
                await asyncio.sleep(0.02)

    assert [row["object_id"] for row in begun] == [str(CAMERA)]
    assert begun[0]["detail"] == {"way": "mse", "role": "main"}
    assert ended[0]["detail"]["seconds"] >= 0


async def test_a_look_by_a_right_lent_by_class_says_what_for(db: Database) -> None:
    async with house(db, main=warm_stream()) as at:
        async with viewer(at, "lent") as ear:
            await receive(ear, 4)
            begun = await at.audited("live:view")
        async with asyncio.timeout(10):
            while not (ended := await at.audited("live:end")):
                await asyncio.sleep(0.02)

    assert [row["purpose"] for row in begun + ended] == ["Perkara 12", "Perkara 12"]


async def test_socket_ends_when_the_right_to_look_ends(db: Database) -> None:
    settings = LiveSettings(recheck_s=0.05)
    async with house(db, settings, main=warm_stream()) as at, viewer(at) as ear:
        await receive(ear, 4)
        at.people["police"] = person(None)
        told = await refusal(ear)

    assert told["code"] == "live.not_allowed_any_more"
    assert told["message"]


async def test_h265_without_a_sub_stream_is_told_in_plain_words(db: Database) -> None:
    async with house(db) as at, viewer(at, camera=HEVC) as ear:
        told = await refusal(ear)

    assert told["code"] == "live.codec_not_playable"
    assert "H.265" in str(told["message"])


async def test_full_node_refuses_and_goes_on(db: Database) -> None:
    settings = LiveSettings(viewers_max=1)
    async with house(db, settings, main=warm_stream()) as at, viewer(at) as first:
        await receive(first, 4)
        async with viewer(at) as second:
            told = await refusal(second)
        at.server.send(str(CAMERA), count=2)
        await receive(first, 2)

    assert told["code"] == "live.too_many_viewers"


async def deaf_viewer(at: House) -> socket.socket:
    """A viewer that shakes hands and never reads again."""
    ear = socket.socket()
    ear.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
    ear.setblocking(False)
    host, _, port = at.url.partition(":")
    loop = asyncio.get_running_loop()
    await loop.sock_connect(ear, (host, int(port)))
    await loop.sock_sendall(
        ear,
        f"GET /api/live/{CAMERA}/mse HTTP/1.1\r\nHost: {at.url}\r\nX-As: police\r\n"
        "Upgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Version: 13\r\n"
        "Sec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\n\r\n".encode(),
    )
    return ear


async def test_one_person_takes_no_more_pictures_than_one_may(db: Database) -> None:
    settings = LiveSettings(viewers_per_person=2, viewers_per_address=3)
    async with house(db, settings, main=warm_stream()) as at:
        at.people["second"] = person(POLICE, "live:view", "cameras:read")
        async with viewer(at) as first, viewer(at) as second:
            await receive(first, 1)
            await receive(second, 1)
            async with viewer(at) as third:
                of_person = await refusal(third)
            async with viewer(at, "second") as other:
                await receive(other, 1)
                async with viewer(at, "second") as fourth:
                    of_address = await refusal(fourth)
        # A place is free when the look is written down as ended, a moment after the socket.
        asker = at.people["police"]
        await until(lambda: not at.live.viewers.of_person.held(asker_key(asker)))
        await until(lambda: not at.live.viewers.of_address.held(address_key(asker.address)))
        async with viewer(at) as again:
            texts, _ = await receive(again, 1)

    assert (of_person["code"], of_address["code"]) == ("too_many_open", "too_many_from_address")
    assert "2" in str(of_person["message"])
    assert texts[-1]["type"] == "init"


async def test_viewer_that_does_not_read_holds_nobody_back(db: Database) -> None:
    settings = LiveSettings(viewer_queue_frames=20)
    heavy = Stream(make_clip(), pad=60_000)
    heavy.next_frame()
    async with house(db, settings, main=heavy) as at, viewer(at) as quick:
        await receive(quick, 1)
        deaf = await deaf_viewer(at)
        channel = at.live.hub.follow(CAMERA, "main")
        await until(lambda: len(channel.viewers) == 2)
        for _ in range(20):
            at.server.send(str(CAMERA), count=GOP)
            await receive(quick, GOP)
            assert max(one.waiting for one in channel.viewers) <= 20 + 2
        dropped = sorted(one.dropped for one in channel.viewers)
        deaf.close()

    assert dropped[0] == 0
    assert dropped[1] >= 1


async def test_snapshot_tells_when_it_was_taken(db: Database) -> None:
    stream = warm_stream()
    async with (
        house(db, main=stream) as at,
        httpx.AsyncClient(base_url=f"http://{at.url}", headers={"x-as": "police"}) as client,
    ):
        answers = await asyncio.gather(
            *(client.get(f"/api/live/{CAMERA}/snapshot.jpg?w=160") for _ in range(20))
        )
        tag = answers[0].headers["etag"]
        again = await client.get(
            f"/api/live/{CAMERA}/snapshot.jpg?w=160", headers={"if-none-match": tag}
        )
        decoded = at.live._snapshots.decoded
        written = await at.audited("live:view")

    assert {answer.status_code for answer in answers} == {200}
    assert again.status_code == 304
    assert decoded == 1
    assert 1 <= len(written) <= 20
    with av.open(io.BytesIO(answers[0].content)) as box:
        picture = next(box.decode(video=0))
    assert (picture.width, picture.height) == (160, 90)
    assert answers[0].headers["x-frame-at"].startswith("2026-11-24T")


async def test_snapshot_of_a_dark_camera_says_so(db: Database) -> None:
    settings = LiveSettings(snapshot_wait_s=0.2)
    async with (
        house(db, settings) as at,
        httpx.AsyncClient(base_url=f"http://{at.url}", headers={"x-as": "police"}) as client,
    ):
        answer = await client.get(f"/api/live/{DARK}/snapshot.jpg")

    assert answer.status_code == 503
    assert answer.json()["code"] == "live.no_picture"


async def test_snapshots_need_key_frames_only_until_somebody_looks(db: Database) -> None:
    async with (
        house(db, main=warm_stream()) as at,
        httpx.AsyncClient(base_url=f"http://{at.url}", headers={"x-as": "police"}) as client,
    ):
        await client.get(f"/api/live/{CAMERA}/snapshot.jpg")
        async with viewer(at) as ear:
            await receive(ear, 4)
        asked = [(r["op"], r.get("keys_only", False)) for r in at.server.requests]

    assert asked == [("watch", True), ("unwatch", False), ("watch", False)]
