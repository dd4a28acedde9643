"""A running product with the simulated Makassar, and the people, crews and callers who use it.

Everything goes through the doors that a person or a device uses: SIP and RTP of callers, WebRTC of
call takers, the interface of the pages with a session, the phone's addresses with a token, OsmAnd
of receivers. Only who is there (the sample's people, the fleet, the cameras) is put in place by the
same code as in the demonstration.
"""

import asyncio
import os
import signal
import socket
import subprocess
import sys
import time
import uuid
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from typing import Any, Self

import httpx
import msgspec

from simcity.calls.caller import Caller, Ended
from simcity.calls.sound import FRAME_SAMPLES, SILENCE
from simcity.desk.taking import Form
from simcity.desk.voice import Voice
from simcity.drive.fleet import make_fleet
from simcity.onvif.door import OnvifDoor
from warroom.app import demo_city, demo_traffic
from warroom.app.node import Node, open_node
from warroom.kernel.clock import SystemClock
from warroom.kernel.settings import Configuration

READY_S = 120.0
WAIT_S = 90.0
TRUNK_A, TRUNK_B = "127.0.0.21", "127.0.0.22"
CAMERAS = 60

SETTINGS = """
[warroom]
demo = true
port = {port}
workstation = "WS-01"

[alerts]
sender = "alert@makassar.example"

[cameras]
allow_loopback = true

[recording]
allow_loopback = true

[calls]
agency = "Diskominfo"
port = {sip}
wrap_up_s = 5.0

[[calls.trunks]]
name = "telkom"
addresses = ["{a}"]
uri = "sip:{a}:{dead};transport=udp"

[[calls.trunks]]
name = "cadangan"
addresses = ["{b}"]
uri = "sip:{b}:{other};transport=udp"
"""

type Json = dict[str, Any]
type At = tuple[float, float]


def free_port(kind: socket.SocketKind = socket.SOCK_STREAM, host: str = "127.0.0.1") -> int:
    """A port that nobody uses now."""
    with socket.socket(socket.AF_INET, kind) as probe:
        probe.bind((host, 0))
        port: int = probe.getsockname()[1]
        return port


async def until[T](ask: Callable[[], Awaitable[T]], seconds: float = WAIT_S) -> T:
    """Asks until the answer is something; fails where it never is."""
    async with asyncio.timeout(seconds):
        while not (answer := await ask()):
            await asyncio.sleep(0.05)
        return answer


@dataclass
class Unit:
    """A vehicle, and who serves on it (`token` is empty where nobody does)."""

    id: str
    name: str
    device: str
    key: str
    station: At
    token: str = ""


@dataclass
class City:
    """The product, as its neighbours see it.

    Attributes:
        sip: Where the edge takes calls.
        outgoing: Port at which trunk B takes our calls.
        units: The fleet, by name.
        heads: Of the cameras that turn.
        beds: Token of the health office's program.
    """

    node: Node
    address: str
    sip: int
    outgoing: int
    process: subprocess.Popen[bytes]
    log: Path
    heads: OnvifDoor
    units: dict[str, Unit] = field(default_factory=dict)
    cookies: dict[str, dict[str, str]] = field(default_factory=dict)
    beds: str = ""

    async def person(self, title: str) -> "Person":
        """Somebody of the sample, signed in by the link that the demonstration prints."""
        if not self.cookies:
            await self._sign_everybody_in()
        client = httpx.AsyncClient(
            base_url=self.address,
            headers={"x-warroom": "1"},
            cookies=self.cookies[title],
            timeout=WAIT_S,
        )
        return Person(self, client)

    async def _sign_everybody_in(self) -> None:
        for title, token in await demo_city.demo_links(self.node):
            async with httpx.AsyncClient(
                base_url=self.address, headers={"x-warroom": "1"}, timeout=WAIT_S
            ) as client:
                answer = await client.post("/api/session/link", json={"token": token})
                assert answer.status_code == 200, answer.text
                self.cookies[title] = dict(client.cookies)

    async def tell_beds(self, content: str) -> Json:
        """What the program of the health office tells of its hospitals, as a file."""
        headers = {"authorization": f"Bearer {self.beds}", "content-type": "text/csv"}
        path = f"{self.address}/api/dispatch/facilities/import"
        async with httpx.AsyncClient(headers=headers, timeout=WAIT_S) as client:
            answer = await client.post(path, content=content.encode())
        assert answer.status_code == 200, answer.text
        report: Json = answer.json()
        return report

    def crew(self, name: str) -> "Person":
        """The phone of the crew of a unit."""
        headers = {"authorization": f"Bearer {self.units[name].token}"}
        client = httpx.AsyncClient(base_url=self.address, headers=headers, timeout=WAIT_S)
        return Person(self, client)

    def caller(
        self,
        number: str,
        place: tuple[float, float, float] | None = None,
        *,
        trunk: str = TRUNK_A,
        presses: str = "",
    ) -> Caller:
        """Somebody who will call 112."""
        return Caller(("127.0.0.1", self.sip), number, place, trunk, presses)

    def kill(self, name: str) -> None:
        """kill -9 of a process of the product; of the two of `calls`, the one that takes calls."""
        if name == "postgres":
            assert self.node.embedded is not None
            pid = self.node.embedded._postmaster_pid()
            assert pid is not None
        else:
            of = [pid for pid, word in self._processes() if word == name]
            pid = next(pid for pid in of if name != "calls" or _has_port(pid, self.sip))
        os.kill(pid, signal.SIGKILL)

    @contextmanager
    def without_database(self) -> Iterator[None]:
        """PostgreSQL is gone, and stays so until the end: who would start it anew rests.

        It is back when this ends, so that no test begins without it.
        """
        self.process.send_signal(signal.SIGSTOP)
        try:
            self.kill("postgres")
            yield
        finally:
            self.process.send_signal(signal.SIGCONT)
            _wait_for(self)

    @contextmanager
    def frozen_database(self) -> Iterator[None]:
        """PostgreSQL neither answers nor breaks until the end, as on a machine that hangs."""
        assert self.node.embedded is not None
        main = self.node.embedded._postmaster_pid()
        assert main is not None
        frozen = [main, *_children_of(main)]
        for pid in frozen:
            os.kill(pid, signal.SIGSTOP)
        try:
            yield
        finally:
            for pid in frozen:
                os.kill(pid, signal.SIGCONT)

    def _processes(self) -> Iterator[tuple[int, str]]:
        for path in Path("/proc").glob("[0-9]*"):
            try:
                words = (path / "cmdline").read_bytes().decode().split("\0")
                parent = int((path / "stat").read_text().rpartition(")")[2].split()[1])
            except (OSError, ValueError):  # gone meanwhile
                continue
            if parent == self.process.pid and len(words) > 3:
                yield int(path.name), words[3] or words[2].rpartition(".")[2]

    async def is_up(self) -> bool:
        """Whether the server answers, and the edge behind it."""
        async with await self.person(TAKER) as somebody:
            try:
                queue = await somebody.client.get("/api/calls/queue")
            except httpx.HTTPError:
                return False
            return queue.status_code == 200 and queue.json()["problem"] == ""


def _children_of(pid: int) -> list[int]:
    return [
        int(path.parent.name)
        for path in Path("/proc").glob("[0-9]*/stat")
        if int(path.read_text().rpartition(")")[2].split()[1]) == pid
    ]


def _has_port(pid: int, port: int) -> bool:
    """Whether a process holds this UDP port."""
    rows = [line.split() for line in Path("/proc/net/udp").read_text().splitlines()[1:]]
    inodes = {row[9] for row in rows if int(row[1].rpartition(":")[2], 16) == port}
    held = {str(fd.readlink()) for fd in Path(f"/proc/{pid}/fd").iterdir() if fd.is_symlink()}
    return any(f"socket:[{inode}]" in held for inode in inodes)


class Person:
    """Who asks the interface: with a session as a page does, or with a token as a phone does."""

    def __init__(self, city: City, client: httpx.AsyncClient) -> None:
        self.city, self.client = city, client
        self.voice: Voice | None = None
        self.id = ""
        self._speaking: asyncio.Task[None] | None = None

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        if self._speaking is not None:
            self._speaking.cancel()
            await asyncio.gather(self._speaking, return_exceptions=True)
        if self.voice is not None:
            self.voice.close()
            await self.client.delete("/api/calls/leg")
        await self.client.aclose()

    async def get(self, path: str, **query: Any) -> Any:
        """What is answered to a question that must be answered."""
        answer = await self.client.get(path, params=query)
        assert answer.status_code == 200, f"{path}: {answer.status_code} {answer.text[:400]}"
        return answer.json()

    async def do(self, path: str, body: Any = None, method: str = "POST") -> Any:
        """A deed that must be accepted."""
        answer = await self.client.request(method, path, json=body)
        assert answer.status_code < 300, f"{path}: {answer.status_code} {answer.text[:400]}"
        return answer.json() if answer.content else None

    async def page(self, path: str) -> str:
        """A document."""
        answer = await self.client.get(path)
        assert answer.status_code == 200, f"{path}: {answer.status_code} {answer.text[:400]}"
        return answer.text

    # The desk of 112

    async def sit(self) -> None:
        """Signs in at the desk: the sound of this agent is open from now on."""
        self.voice = Voice()
        offer = await self.voice.offer()
        answer = await self.client.post("/api/calls/leg", content=offer.encode())
        assert answer.status_code == 201, answer.text
        await self.voice.take(answer.text)
        self._speaking = asyncio.create_task(self.voice.speak(b""))
        self.id = (await self.get("/api/session"))["person"]["id"]

    async def rung(self, number: str) -> Json:
        """The call of this number, as soon as it waits and its row is there."""

        async def look() -> Json | None:
            items = (await self.get("/api/calls/queue"))["items"]
            found = [one for one in items if one["from_number"] == number and one["live"]]
            return found[-1] if found else None

        return await until(look)  # type: ignore[arg-type, return-value]

    async def answer(self, number: str) -> str:
        """Takes the call of this number; its id."""
        call = await self.rung(number)
        await self.do(f"/api/calls/{call['id']}/answer")
        return str(call["id"])

    async def close(self, call: str, what: str) -> None:
        """Says what a call was, once it is over."""

        async def over() -> bool:
            shown = await self.get(f"/api/calls/{call}")
            return shown["state"] in ("wrap_up", "abandoned", "callback_due", "reached")

        await until(over)
        await self.do(f"/api/calls/{call}/close", {"class": what})

        async def closed() -> bool:
            shown = await self.get(f"/api/calls/{call}")
            return shown["state"] == "closed"

        # It is closed at the edge; the row follows the journal.
        await until(closed)

    async def draft(self, place: At, name: str, code: str, **fields: Any) -> str:
        """Types a form; the id of its draft."""
        incident, form = str(uuid.uuid4()), Form()
        at = {"lat": place[0], "lon": place[1], "name": name}
        address = f"/api/incidents/drafts/{incident}"
        typed = {"place_text": name, "place": at, "type": code, **fields}
        await self.do(address, form.saving(**typed), "PUT")
        return incident

    async def incident(self, incident: str) -> Json:
        """An incident as its page asks for it."""
        shown: Json = await self.get(f"/api/incidents/{incident}")
        return shown

    async def until_state(self, incident: str, *states: str) -> Json:
        """The incident once it stands there."""

        async def look() -> Json | None:
            shown = await self.incident(incident)
            return shown if shown["state"] in states else None

        return await until(look)  # type: ignore[arg-type, return-value]

    async def send(self, incident: str, slots: list[Json], level: int = 1) -> list[Json]:
        """Sends the unit of each need; what became of each."""
        units = [
            {"unit_id": one["unit"]["id"], "role": one["role"]}
            for one in slots
            if one["unit"] is not None
        ]
        address = f"/api/dispatch/incidents/{incident}/assignments"
        items: list[Json] = (await self.do(address, {"level": level, "units": units}))["items"]
        return items

    async def recommended(self, incident: str, level: int | None = None) -> Json:
        """What the run card asks for and which units are proposed."""
        query = {} if level is None else {"level": level}
        found: Json = await self.get(f"/api/dispatch/incidents/{incident}/recommendation", **query)
        return found

    async def end(self, incident: str, outcome: str = "handled", reason: str = "") -> None:
        """Ends an incident; no unit is on it afterwards."""
        body = deed(outcome=outcome, reason=reason)
        await self.do(f"/api/incidents/{incident}/end", body)

        async def is_quiet() -> bool:
            parts = (await self.get(f"/api/dispatch/incidents/{incident}/tasks"))["items"]
            return all(part["state"] == "closed" for part in parts)

        await until(is_quiet)

    # The phone of a crew

    async def duty(self, unit: Unit) -> None:
        """Serves on a unit."""
        await self.do("/api/dispatch/duty", {"unit_id": unit.id}, "PUT")

    async def press(self, assignment: str, *stamps: str, **more: Any) -> list[Json]:
        """Presses one after the other, a moment apart."""
        items = []
        for stamp in stamps:
            now = SystemClock().now().isoformat()
            item = {"id": str(uuid.uuid4()), "stamp": stamp, "at": now, **more}
            body = {"sent_at": now, "items": [item]}
            path = f"/api/dispatch/assignments/{assignment}/stamps"
            items += (await self.do(path, body))["items"]
            await asyncio.sleep(0.02)
        return items

    async def tell_place(self, unit: Unit, at: At | None = None, ago_s: float = 0.0) -> None:
        """The receiver of a unit tells where it is; at its station where nothing is said."""
        lat, lon = at or unit.station
        when = (SystemClock().now() - timedelta(seconds=ago_s)).timestamp()
        form = {"id": unit.device, "lat": lat, "lon": lon, "timestamp": f"{when:.0f}", "speed": 0}
        headers = {"authorization": f"Bearer {unit.key}"}
        answer = await self.client.post("/osmand", data=form, headers=headers)
        assert answer.status_code == 200, answer.text


TAKER, SENDER = "Penerima panggilan 112, Diskominfo", "Pengendali 112, Diskominfo"
SUPERVISOR, MAYOR = "Pengawas 112, Diskominfo", "Wali Kota, Diskominfo"
POLICE, DISHUB = "Operator Satlantas, Polrestabes", "Petugas lalu lintas, Dishub"


async def work_through(city: City, sender: "Person", incident: str, *dids: str) -> list[str]:
    """The crew of each unit of an incident goes through every step; the names of the units."""
    names = []
    parts = (await sender.get(f"/api/dispatch/incidents/{incident}/tasks"))["items"]
    for sent in [unit for part in parts for unit in part["assignments"]]:
        name = sent["unit"]["name"]
        async with city.crew(name) as crew:
            await crew.press(sent["id"], "accepted", "en_route", "on_scene")
            for did in dids:
                await crew.press(sent["id"], "acted", did=did)
            await crew.press(sent["id"], "cleared", outcome="solved")
        names.append(name)
    return names


def timing_of(report: Json, key: str) -> Json:
    """A figure of the report of 112."""
    found: Json = next(one for one in report["timings"] if one["key"] == key)
    return found


def deed(**more: Any) -> Json:
    """A deed with an id of its own."""
    return {"id": str(uuid.uuid4()), **more}


def speech(seconds: float) -> bytes:
    """Something to say: whole frames, not silence."""
    return bytes([SILENCE ^ 0x11]) * (int(seconds * 8000) // FRAME_SAMPLES * FRAME_SAMPLES)


async def called(caller: Caller, seconds: float = 1.0, patience_s: float = 60.0) -> Ended:
    """One call: rings, says something, hangs up."""
    return await caller.call(speech(seconds), patience_s, linger_s=0.1)


@asynccontextmanager
async def at_work(city: City, *names: str, at: At | None = None) -> AsyncIterator[None]:
    """Crews of these units sign on, and their receivers tell where they stand; then they go home.

    Args:
        city: Theirs.
        names: Of units.
        at: Where they stand; each at its station where nothing is said.
    """
    for name in names:
        async with city.crew(name) as crew:
            await crew.duty(city.units[name])
            await crew.tell_place(city.units[name], at)
    try:
        yield
    finally:
        for name in names:
            async with city.crew(name) as crew:
                await crew.client.delete("/api/dispatch/duty")


@contextmanager
def running_city(repository: Path, folder: Path) -> Iterator[City]:
    """Starts `warroom up` beside a simulated city, and stops all of it afterwards.

    Args:
        repository: Where the product lies.
        folder: For its data.
    """
    with OnvifDoor(range(1, CAMERAS + 1)) as heads:
        yield from _running(repository, folder, heads)


def _running(repository: Path, folder: Path, heads: OnvifDoor) -> Iterator[City]:
    folder.chmod(0o755)
    data = folder / "data"
    data.mkdir()
    port, sip, other = free_port(), free_port(socket.SOCK_DGRAM), free_port(socket.SOCK_DGRAM)
    settings = SETTINGS.format(
        port=port, sip=sip, a=TRUNK_A, b=TRUNK_B, other=other, dead=free_port(socket.SOCK_DGRAM)
    )
    (data / "warroom.toml").write_text(settings)
    environment = {"WARROOM_DATA_DIR": str(data)}
    more = {**os.environ, **environment, "PYTHONPATH": str(repository / "src")}
    words = (sys.executable, "-m", "simcity", "city", "--out", str(data / "city"))
    subprocess.run(
        [*words, "--cameras-rtsp", "rtsp://127.0.0.1:9",
         "--cameras-onvif", f"http://127.0.0.1:{heads.port}"],
        env=more, check=True, stdout=subprocess.DEVNULL,
    )  # fmt: skip
    log = folder / "up.log"
    with log.open("wb") as out:
        process = subprocess.Popen(
            [sys.executable, "-m", "warroom.app", "up"],
            env=more, cwd=folder, stdout=out, stderr=out, start_new_session=True,
        )  # fmt: skip
    node = open_node(Configuration.read(environment))
    try:
        city = City(node, f"http://127.0.0.1:{port}", sip, other, process, log, heads)
        _wait_for(city)
        with asyncio.Runner() as runner:
            runner.run(_settle(city))
        yield city
    finally:
        _stop(process)
        if node.embedded is not None:
            # Where `up` itself died nobody else stops it.
            node.embedded.stop()


def _wait_for(city: City) -> None:
    until = time.monotonic() + READY_S
    while time.monotonic() < until and city.process.poll() is None:
        try:
            if httpx.get(f"{city.address}/readyz", timeout=2).status_code == 200:
                return
        except httpx.HTTPError:
            pass
        time.sleep(0.2)
    raise AssertionError(city.log.read_text("utf-8")[-2000:])


async def _settle(city: City) -> None:
    """Agencies, people, cameras and the fleet, as the demonstration puts them in place."""
    node = city.node
    sites = msgspec.json.decode((node.settings.city / "cameras.geojson").read_bytes())
    wanted = sites | {"features": sites["features"][:CAMERAS]}
    premises = (node.settings.city / "premises.geojson").read_bytes()
    await demo_city.seed_demo(node, msgspec.json.encode(wanted), premises)
    keys = node.settings.data / "keys" / "fleet.json"
    await demo_traffic.seed_fleet(node, keys)
    known = demo_traffic.read_keys(keys)
    city.beds = known["beds"]
    crews = {one["device"]: one for one in known["crews"]}
    async with await city.person("Admin lembaga, Polrestabes") as somebody:
        del somebody  # everybody is signed in now
    async with await city.person("Pengawas 112, Diskominfo") as boss:
        ids = {one["name"]: one["id"] for one in (await boss.get("/api/units"))["items"]}
    for one in make_fleet(node.settings.city):
        token = crews.get(one.device, {}).get("token", "")
        at = (one.lat, one.lon)
        key = known["devices"][one.device]
        city.units[one.name] = Unit(ids[one.name], one.name, one.device, key, at, token)


def _stop(process: subprocess.Popen[bytes]) -> None:
    process.send_signal(signal.SIGINT)
    try:
        process.wait(30)
    except subprocess.TimeoutExpired:
        os.killpg(process.pid, signal.SIGKILL)
        process.wait()
