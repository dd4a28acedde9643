"""Officers of the simulated city go through a task by the door of a phone, and drive there."""

import asyncio
import json
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, ClassVar

import pytest

from simcity.drive import officers
from simcity.drive.officers import Officers

TASK = {"lat": -5.13, "lon": 119.42, "jam_ended": None}


class Door(BaseHTTPRequestHandler):
    """The product's door as far as an officer sees it."""

    duty: ClassVar[dict[str, Any]]
    heard: ClassVar[list[tuple[str, str, Any]]]

    def _answer(self, body: Any = None) -> None:
        content = b"" if body is None else json.dumps(body).encode()
        self.send_response(200)
        self.send_header("content-length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    def _body(self) -> Any:
        length = int(self.headers.get("content-length", 0))
        content = json.loads(self.rfile.read(length) or b"null")
        self.heard.append((self.command, self.path, content))
        return content

    def do_GET(self) -> None:
        self._body()
        self._answer(self.duty)

    def do_PUT(self) -> None:
        self.duty["unit"] = {"id": self._body()["unit_id"]}
        self._answer()

    def do_POST(self) -> None:
        stamp = self._body()["items"][0]["stamp"]
        if stamp == "cleared":
            self.duty.update(assignment=None, task=None)
        elif stamp != "acted":
            self.duty["assignment"]["state"] = stamp
        self._answer({"items": []})

    def log_message(self, *_: Any) -> None:
        """Says nothing."""


class Town:
    """A city in which everybody is there at once."""

    def __init__(self) -> None:
        self.told: list[Any] = []

    def order(self, device: str, lat: float, lon: float) -> None:
        self.told.append((device, lat, lon))

    def is_there(self, device: str) -> bool:
        return bool(self.told)

    def release(self, device: str) -> None:
        self.told.append((device, "released"))


@pytest.fixture
def door() -> Iterator[tuple[str, type[Door]]]:
    class Own(Door):
        duty: ClassVar[dict[str, Any]] = {"unit": None, "assignment": None, "task": None}
        heard: ClassVar[list[tuple[str, str, Any]]] = []

    server = ThreadingHTTPServer(("127.0.0.1", 0), Own)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}", Own
    server.shutdown()
    server.server_close()
    thread.join()


@pytest.fixture
def hurried(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nobody takes their time: each look comes ten minutes after the last."""
    times = iter(range(1_795_500_000, 1_895_500_000, 600))
    monkeypatch.setattr(officers.clock, "wall_s", lambda: float(next(times)))


async def look(crew: Officers, times: int) -> list[str]:
    for _ in range(times):
        await crew.look(crew.officers[0])
    return crew.officers[0].said


@pytest.mark.usefixtures("hurried")
def test_an_officer_signs_on_and_goes_through_every_step(door: tuple[str, type[Door]]) -> None:
    address, own = door
    town = Town()
    crew = Officers(address, [{"device": "sim-1", "unit": "u", "token": "t"}], town)
    asyncio.run(look(crew, 1))
    own.duty.update(assignment={"id": "a", "state": "dispatched"}, task=TASK)

    said = asyncio.run(look(crew, 9))

    assert ["accepted", "en_route", "on_scene", "acted", "cleared"] == said
    assert [("sim-1", -5.13, 119.42), ("sim-1", "released")] == town.told
    assert ("PUT", "/api/dispatch/duty", {"unit_id": "u"}) in own.heard
    presses = [body for method, _, body in own.heard if method == "POST"]
    assert 5 == len({press["items"][0]["id"] for press in presses})


@pytest.mark.usefixtures("hurried")
def test_a_jam_that_is_gone_is_cleared_on_the_way(door: tuple[str, type[Door]]) -> None:
    address, own = door
    crew = Officers(address, [{"device": "sim-1", "unit": "u", "token": "t"}], Town())
    asyncio.run(look(crew, 1))
    own.duty.update(
        assignment={"id": "a", "state": "en_route"}, task={**TASK, "jam_ended": "flows"}
    )

    assert ["cleared"] == asyncio.run(look(crew, 3))
    (press,) = [body for method, _, body in own.heard if method == "POST"]
    assert "dissolved" == press["items"][0]["outcome"]


@pytest.mark.usefixtures("hurried")
def test_who_was_under_way_when_the_city_was_started_anew_drives_on(
    door: tuple[str, type[Door]],
) -> None:
    address, own = door
    town = Town()
    crew = Officers(address, [{"device": "sim-1", "unit": "u", "token": "t"}], town)
    asyncio.run(look(crew, 1))
    own.duty.update(assignment={"id": "a", "state": "en_route"}, task=TASK)

    assert ["on_scene"] == asyncio.run(look(crew, 2))
    assert [("sim-1", -5.13, 119.42)] == town.told
