"""The traffic of the demo: a fleet put in place once the page answers, then a city that drives.

Nothing of it is in the way of the start. The simulated vehicles send their positions to the same
door as real ones, each with the key of its device; the keys lie beside the node's own.
"""

import asyncio
import contextlib
import hashlib
import json
import os
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from warroom.app.node import Node
from warroom.app.supervisor import Process, Supervisor
from warroom.kernel.log import logger

if TYPE_CHECKING:
    from collections.abc import Sequence

    from warroom.kernel.db import Transaction
    from warroom.kernel.scope import Scope
    from warroom.units.api import Unit

_NAME = "simcity-drive"
_PROGRAM = "Simulasi hitungan kamera"
_BEDS_PROGRAM = "Simulasi tempat tidur rumah sakit"
_TOKEN_DAYS = 365
_CREWED = {
    "dishub": 9,
    "patrol": 10,
    "engine": 12,
    "tanker": 3,
    "ladder": 1,
    "ambulance": 8,
    "relief": 1,
    "pump_truck": 1,
    "power": 1,
}
"""How many vehicles of a kind have a simulated crew."""

_CALM_S = 15.0
"""Left to whoever opens the first page: a city that begins to drive takes a core for a while."""


@dataclass(frozen=True, slots=True)
class Drive:
    """What the demo's traffic is like: the `hour` of the day it begins at, the day's `speed`."""

    port: int
    hour: float | None = None
    speed: float = 1.0


async def run(node: Node, drive: Drive, after: asyncio.Task[None]) -> None:
    """Lets the city's traffic run from when `after` is done until it is cancelled."""
    await asyncio.wait([after])
    await asyncio.sleep(_CALM_S)
    keys = node.settings.data / "keys" / "fleet.json"
    try:
        await seed_fleet(node, keys)
    except Exception as error:  # noqa: BLE001 - the rest of the demo runs without traffic
        logger("app.demo").error("no_traffic", code=type(error).__name__, exc_info=error)
        return
    words = [
        "simcity", "drive", "--city", str(node.settings.city), "--keys", str(keys),
        "--door", f"http://127.0.0.1:{drive.port}",
    ]  # fmt: skip
    words += ["--speed", str(drive.speed)]
    if drive.hour is not None:
        words += ["--hour", str(drive.hour)]
    driver = Supervisor([Process(_NAME, tuple(words))], node.settings.data / "log", node.clock)
    running = asyncio.create_task(driver.run())
    try:
        await asyncio.shield(running)
    finally:
        driver.stop()
        with contextlib.suppress(asyncio.CancelledError):
            await running


async def seed_fleet(node: Node, keys: Path) -> None:
    """Puts the fleet in place and writes down a key for each device; twice does no harm."""
    fleet = keys.parent / "fleet.csv"
    writing = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "simcity", "drive", "--city", str(node.settings.city),
        "--fleet", str(fleet), stdin=asyncio.subprocess.DEVNULL,
    )  # fmt: skip
    await writing.wait()
    content = await asyncio.to_thread(fleet.read_bytes)
    known = await asyncio.to_thread(read_keys, keys)
    digest = hashlib.sha256(content).hexdigest()
    is_same = known.get("csv") == digest and known.get("crewed") == _CREWED
    if is_same and known.get("token") and known.get("crews") and known.get("beds"):
        return
    from warroom.identity import api as identity  # noqa: PLC0415 - decision 51
    from warroom.kernel.db import Database  # noqa: PLC0415 - decision 51
    from warroom.units import api as units  # noqa: PLC0415 - decision 51

    db = Database(node.connections.app)
    await db.open()
    scope = identity.system_scope("demo", node.clock, door="cli")
    devices: dict[str, str] = known.get("devices", {})
    try:
        board = units.Fleet(node.configuration.section(units.UnitSettings), node.clock)
        async with db.transaction(scope) as tx:
            report = await units.import_units(board, scope, tx, content)
            configured = []
            for one in await units.list_configured(scope, tx):
                device = one.draft.device
                if not (one.draft.simulated and device):
                    continue
                configured.append(one)
                if device not in devices:
                    devices[device] = await units.make_key(board, scope, tx, one.id)
            token = known.get("token") or await _counting_token(scope, tx)
            beds = known.get("beds") or await _beds_token(scope, tx)
            crews = await _crews(scope, tx, configured, known.get("crews", []))
            written = {
                "csv": digest, "devices": devices, "token": token, "crews": crews,
                "crewed": _CREWED, "beds": beds,
            }  # fmt: skip
            # Before the commit: a key that is known nowhere lets nobody in.
            await asyncio.to_thread(write_keys, keys, written)
    finally:
        await db.close()
    if report.rejected:
        logger("app.demo").warning("fleet_refused", count=len(report.rejected))


async def _counting_token(scope: "Scope", tx: "Transaction") -> str:
    """A token of the program that tells what the simulated cameras count."""
    from warroom.traffic.contracts import COUNT  # noqa: PLC0415 - decision 51

    note = "Hitungan kamera simulasi, bukan hitungan nyata"
    return await _token(scope, tx, "Diskominfo", _PROGRAM, COUNT, note)


async def _beds_token(scope: "Scope", tx: "Transaction") -> str:
    """A token of the health office's program that tells the free beds of simulated hospitals."""
    from warroom.dispatch.contracts import BEDS  # noqa: PLC0415 - decision 51

    note = "Tempat tidur simulasi, bukan angka nyata"
    return await _token(scope, tx, "Dinkes", _BEDS_PROGRAM, BEDS, note)


async def _token(
    scope: "Scope", tx: "Transaction", agency: str, program: str, word: str, note: str
) -> str:
    """A token of a program that may do one thing: of the city in all of it, else of its own."""
    from warroom.identity import api as identity  # noqa: PLC0415 - decision 51

    account_id = await identity.find_application_id(scope, tx, program)
    if account_id is None:
        agency_id = await identity.require_agency_id(scope, tx, agency)
        reach: Literal["own", "city"] = "city" if agency == "Diskominfo" else "own"
        new = identity.NewApplication(agency_id, program, (word,), note, reach)
        account_id = await identity.create_application(scope, tx, new)
    terms = identity.TokenTerms("demo", _TOKEN_DAYS)
    return (await identity.create_application_token(scope, tx, account_id, terms)).token


async def _crews(
    scope: "Scope", tx: "Transaction", fleet: "Sequence[Unit]", known: list[dict[str, str]]
) -> list[dict[str, str]]:
    """Simulated crews who will serve on vehicles, each with a token of theirs; known ones stay.

    The first unit of each agency's kind has none: it is for whoever tries the phone page.
    """
    from warroom.dispatch.contracts import ACT  # noqa: PLC0415 - decision 51
    from warroom.identity import api as identity  # noqa: PLC0415 - decision 51

    crews = list(known)
    there = {one["device"] for one in known}
    for kind, most in _CREWED.items():
        of_kind = sorted((u for u in fleet if u.draft.kind == kind), key=lambda u: u.draft.name)
        for unit in of_kind[1 : 1 + most]:
            device = str(unit.draft.device)
            if device in there:
                continue
            login = f"awak.{device}"
            person = identity.NewPerson(
                login,
                f"Awak simulasi {unit.draft.name}",
                unit.draft.agency_id,
                "Petugas simulasi",
                roles={"petugas_lapangan": "own"},
            )
            await identity.ensure_people(scope, tx, [person])
            terms = identity.TokenTerms("demo", _TOKEN_DAYS, (ACT,))
            made = await identity.create_token(scope, tx, login=login, terms=terms)
            crews.append({"device": device, "unit": str(unit.id), "token": made.token})
    return crews


def read_keys(path: Path) -> dict[str, Any]:
    """What a file of secrets of simulated people and devices holds; nothing where there is none."""
    try:
        known: dict[str, Any] = json.loads(path.read_text("utf-8"))
    except (OSError, ValueError):
        return {}
    return known


def write_keys(path: Path, known: dict[str, Any]) -> None:
    """Writes such a file whole, for its owner alone."""
    partial = path.with_suffix(".part")
    number = os.open(partial, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(number, "w", encoding="utf-8") as file:
        file.write(json.dumps(known))
    partial.replace(path)
