"""The doors of places."""

import asyncio
import gzip
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest
from starlette.requests import HTTPConnection

from tests.cameras.world import write_pack
from tests.scopes import scope_of
from warroom.app.asgi import Wiring, create_app
from warroom.kernel.clock import FixedClock
from warroom.kernel.db import Database
from warroom.kernel.scope import Rule, Scope
from warroom.kernel.settings import NodeSettings
from warroom.places import routes
from warroom.places.api import Atlas

VIEWER = {"x-as": "viewer"}
TILES = b"PMTiles\x03" + bytes(range(200))
URL = "/api/places/tiles/base.pmtiles"


@pytest.fixture
def client(
    clock: FixedClock, loop_runner: asyncio.Runner, tmp_path: Path
) -> Iterator[httpx.AsyncClient]:
    scopes = {"viewer": scope_of(Rule(frozenset({"city:view"}))), "nobody": scope_of()}

    async def authenticate(connection: HTTPConnection) -> Scope | None:
        return scopes.get(connection.headers.get("x-as", ""))

    pack = write_pack(tmp_path / "city")
    (pack / "base.pmtiles").write_bytes(TILES)
    app = create_app(
        Wiring(
            authenticator=authenticate,
            db=Database("host=/nonexistent user=x dbname=x", wait_s=0.1),
            clock=clock,
            scope=scope_of(),
            holder="test",
            pages=tmp_path,
            routers=[routes.router],
            services={
                NodeSettings: NodeSettings(data_dir=str(tmp_path)),
                Atlas: Atlas(pack),
            },
        )
    )
    client = httpx.AsyncClient(
        transport=httpx.ASGITransport(app, raise_app_exceptions=False), base_url="http://test"
    )
    yield client
    loop_runner.run(client.aclose())


@pytest.mark.parametrize(
    "path", ["layers/base.geojson", "search?q=baru", "tiles", "tiles/base.pmtiles"]
)
async def test_only_people_of_the_city_see_its_places(client: httpx.AsyncClient, path: str) -> None:
    statuses = [
        (await client.get(f"/api/places/{path}", headers={"x-as": who})).status_code
        for who in ("", "nobody", "viewer")
    ]

    assert statuses == [401, 404, 200]


async def test_a_layer_is_sent_once_and_then_known_by_its_tag(client: httpx.AsyncClient) -> None:
    url = "/api/places/layers/kecamatan.geojson"
    first = await client.get(url, headers=VIEWER)
    again = await client.get(url, headers=VIEWER | {"if-none-match": first.headers["etag"]})
    plain = await client.get(url, headers=VIEWER | {"accept-encoding": "identity"})

    assert first.headers["content-type"] == "application/geo+json"
    assert first.headers["content-encoding"] == "gzip"
    assert "private" in first.headers["cache-control"]
    assert first.json()["features"][0]["properties"]["name"] == "Mariso"
    assert (again.status_code, again.content) == (304, b"")
    assert "content-encoding" not in plain.headers
    assert gzip.decompress(gzip.compress(plain.content)) == first.content


@pytest.mark.parametrize("layer", ["secret", "..%2f..%2fetc%2fpasswd", "city"])
async def test_no_other_file_can_be_had(client: httpx.AsyncClient, layer: str) -> None:
    answer = await client.get(f"/api/places/layers/{layer}.geojson", headers=VIEWER)

    assert answer.status_code == 404


async def test_a_search_gives_what_the_palette_shows(client: httpx.AsyncClient) -> None:
    answer = await client.get("/api/places/search?q=petarani&limit=3", headers=VIEWER)

    item = answer.json()["items"][0]
    assert (item["name"], item["kind"]) == ("Jalan Andi Pangeran Pettarani", "jalan")
    assert item["detail"] == "Kec. Mariso"
    assert (item["lat"], item["lon"]) == (-5.15, 119.45)
    assert (await client.get("/api/places/search?limit=0", headers=VIEWER)).status_code == 422


async def test_tiles_are_sent_in_the_parts_that_are_asked_for(client: httpx.AsyncClient) -> None:
    whole = await client.get(URL, headers=VIEWER)
    part = await client.get(URL, headers=VIEWER | {"range": "bytes=7-9"})
    beyond = await client.get(URL, headers=VIEWER | {"range": "bytes=900-"})

    assert (whole.status_code, whole.content) == (200, TILES)
    assert whole.headers["accept-ranges"] == "bytes"
    assert "private" in whole.headers["cache-control"]
    assert (part.status_code, part.content) == (206, TILES[7:10])
    assert part.headers["content-range"] == f"bytes 7-9/{len(TILES)}"
    assert part.headers["content-length"] == "3"
    assert "content-encoding" not in part.headers
    assert beyond.status_code == 416
    assert beyond.headers["content-range"] == f"bytes */{len(TILES)}"


async def test_tiles_are_known_by_a_strong_tag(client: httpx.AsyncClient) -> None:
    etag = (await client.get(URL, headers=VIEWER)).headers["etag"]
    again = await client.get(URL, headers=VIEWER | {"if-none-match": etag})
    same = await client.get(URL, headers=VIEWER | {"range": "bytes=0-1", "if-range": etag})
    other = await client.get(URL, headers=VIEWER | {"range": "bytes=0-1", "if-range": '"former"'})

    assert not etag.startswith("W/")
    assert (again.status_code, again.content) == (304, b"")
    assert [same.status_code, other.status_code] == [206, 200]
    items = (await client.get("/api/places/tiles", headers=VIEWER)).json()["items"]
    assert items == [{"name": "base", "etag": etag}]


async def test_a_pack_without_tiles_says_so(client: httpx.AsyncClient, tmp_path: Path) -> None:
    (tmp_path / "city" / "base.pmtiles").unlink()

    listed = await client.get("/api/places/tiles", headers=VIEWER)
    asked = await client.get(URL, headers=VIEWER)

    assert listed.json() == {"items": []}
    assert (asked.status_code, asked.json()["code"]) == (404, "places.no_tiles")
