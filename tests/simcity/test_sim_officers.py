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
    hospitals: ClassVar[list[dict[str, Any]]] = []

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
        is_choice = self.path.startswith("/api/dispatch/duty/facilities")
        self._answer({"items": self.hospitals} if is_choice else self.duty)

    def do_PUT(self) -> None:
        self.duty["unit"] = {"id": self._body()["unit_id"]}
        self._answer()

    def do_POST(self) -> None:
        stamp = self._body()["items"][0]["stamp"]
        if stamp == "cleared":
            ended = {"assignment": "a", "returning_at": None, "in_quarters_at": None}
            self.duty.update(assignment=None, task=None, ended=ended)
        elif stamp in ("returning", "in_quarters"):
            self.duty["ended"][f"{stamp}_at"] = "2026-11-24T06:00:00Z"
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


def at_incident(door: tuple[str, type[Door]], kind: str) -> tuple[list[Any], Town, list[str]]:
    """What a crew presses at an incident, where it drives, and what it does there."""
    address, own = door
    town = Town()
    far, near = (-5.3, 119.6), (-5.14, 119.43)
    crews = [{"device": "sim-1", "unit": "u", "token": "t"}]
    crew = Officers(address, crews, town, hospitals=[far, near])
    own.duty.update(
        unit={"id": "u", "kind": kind},
        assignment={"id": "a", "state": "dispatched"},
        task=TASK | {"kind": "incident"},
    )
    said = asyncio.run(look(crew, 12))
    presses = [body["items"][0] for method, _, body in own.heard if method == "POST"]
    return said, town, [press["did"] for press in presses if press["stamp"] == "acted"]


@pytest.mark.usefixtures("hurried")
def test_an_engine_puts_water_on_the_fire_and_has_it_under_control(
    door: tuple[str, type[Door]],
) -> None:
    said, town, did = at_incident(door, "engine")

    assert ["accepted", "en_route", "on_scene", "acted", "acted", "cleared"] == said
    assert ["water_on_fire", "under_control"] == did
    assert [("sim-1", -5.13, 119.42), ("sim-1", "released")] == town.told


@pytest.mark.usefixtures("hurried")
def test_an_ambulance_takes_its_patient_to_the_nearest_hospital(
    door: tuple[str, type[Door]],
) -> None:
    said, town, did = at_incident(door, "ambulance")

    assert ["patient_contact"] == did
    assert ["acted", "transporting", "at_facility", "cleared"] == said[3:]
    assert [("sim-1", -5.13, 119.42), ("sim-1", -5.14, 119.43)] == town.told[:2]


@pytest.mark.usefixtures("hurried")
def test_an_ambulance_takes_its_patient_where_a_bed_is_free_and_says_where(
    door: tuple[str, type[Door]],
) -> None:
    door[1].hospitals = [{"name": "RS Jauh", "lat": -5.3, "lon": 119.6}]

    _, town, _ = at_incident(door, "ambulance")

    presses = [body["items"][0] for method, _, body in door[1].heard if method == "POST"]
    (taking,) = [press for press in presses if press["stamp"] == "transporting"]
    assert taking["destination"] == "RS Jauh"
    assert town.told[1] == ("sim-1", -5.3, 119.6)


@pytest.mark.usefixtures("hurried")
def test_a_patrol_at_an_incident_leads_traffic(door: tuple[str, type[Door]]) -> None:
    said, _, did = at_incident(door, "patrol")

    assert ["manual_control"] == did
    assert "cleared" == said[-1]


HOME = (-5.15, 119.44)


@pytest.mark.usefixtures("hurried")
def test_after_a_task_it_drives_home_and_says_when_it_is_there(
    door: tuple[str, type[Door]],
) -> None:
    address, own = door
    town = Town()
    crews = [{"device": "sim-1", "unit": "u", "token": "t"}]
    crew = Officers(address, crews, town, homes={"sim-1": HOME})
    own.duty.update(unit={"id": "u"}, assignment={"id": "a", "state": "on_scene"}, task=TASK)

    said = asyncio.run(look(crew, 8))

    assert ["acted", "cleared", "returning", "in_quarters"] == said
    assert [("sim-1", *HOME), ("sim-1", "released")] == town.told


@pytest.mark.usefixtures("hurried")
def test_who_drove_home_when_the_city_was_started_anew_drives_on(
    door: tuple[str, type[Door]],
) -> None:
    address, own = door
    town = Town()
    crews = [{"device": "sim-1", "unit": "u", "token": "t"}]
    crew = Officers(address, crews, town, homes={"sim-1": HOME})
    ended = {"assignment": "a", "returning_at": "2026-11-24T06:00:00Z", "in_quarters_at": None}
    own.duty.update(unit={"id": "u"}, ended=ended)

    said = asyncio.run(look(crew, 3))

    assert ["in_quarters"] == said
    assert ("sim-1", *HOME) == town.told[0]


@pytest.mark.usefixtures("hurried")
def test_who_is_sent_again_on_the_way_home_goes_there_instead(
    door: tuple[str, type[Door]],
) -> None:
    address, own = door
    town = Town()
    crews = [{"device": "sim-1", "unit": "u", "token": "t"}]
    crew = Officers(address, crews, town, homes={"sim-1": HOME})
    own.duty.update(unit={"id": "u"}, assignment={"id": "a", "state": "on_scene"}, task=TASK)
    asyncio.run(look(crew, 3))

    own.duty.update(assignment={"id": "b", "state": "dispatched"}, task=TASK)
    said = asyncio.run(look(crew, 4))

    assert ["returning", "accepted", "en_route"] == said[2:5]
    assert ("sim-1", TASK["lat"], TASK["lon"]) == town.told[-1]
