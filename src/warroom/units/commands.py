"""`warroom unit`: vehicles, their devices and tracks from the machine itself."""

import csv
import io
import os
import sys
from datetime import datetime
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import cyclopts
import msgspec

from warroom.identity import api as identity
from warroom.kernel.command import Tools, say, transact
from warroom.kernel.db import Transaction
from warroom.kernel.i18n import text
from warroom.kernel.scope import Scope
from warroom.units import api
from warroom.units.api import Fleet
from warroom.units.contracts import ImportReport, ListFilter
from warroom.units.errors import FieldError, UnreadableImportError
from warroom.units.tracks import as_geojson

app = cyclopts.App(name="unit", help="Vehicles that are sent out, their devices and tracks.")

_PAGE = 2000


def _scope(tools: Tools) -> Scope:
    return identity.system_scope("warroom unit", tools.clock, door="cli")


@app.command
def add(  # noqa: PLR0913 - each is an option of the command
    *,
    name: str,
    kind: str,
    agency: str,
    device: str | None = None,
    plate: str = "",
    station: str = "",
    place: str | None = None,
    capability: list[str] | None = None,
    crew: int = 0,
    width_m: float | None = None,
    height_m: float | None = None,
    tag: list[str] | None = None,
    json: bool = False,
) -> None:
    """Adds a vehicle; with a device its key is told, this once.

    Example: warroom unit add --name "Damkar 01" --kind engine --agency Damkar --device gps-01

    Args:
        name: Callsign, unique within the agency.
        kind: A word of the city's own: engine, ambulance, patrol, dishub, tanker, boat.
        agency: Short name of the agency that it belongs to.
        device: Id of what sends its positions.
        plate: Number plate.
        station: Where it stands when it is not out.
        place: Area code of the station.
        capability: What it can do (ladder, foam, als, tow); may be given several times.
        crew: How many people it takes.
        width_m: With mirrors.
        height_m: From the ground.
        tag: A tag; may be given several times.
        json: Print one JSON object.
    """
    values: dict[str, Any] = {
        "name": name,
        "kind": kind,
        "device": device,
        "plate": plate,
        "station": station,
        "place": place,
        "capabilities": tuple(capability or ()),
        "crew": crew,
        "width_m": width_m,
        "height_m": height_m,
        "tags": tuple(tag or ()),
    }

    async def work(tools: Tools, tx: Transaction) -> dict[str, Any]:
        scope, fleet = _scope(tools), tools.services[Fleet]
        agency_id = await identity.require_agency_id(scope, tx, agency)
        unit_id = await api.add_unit(fleet, scope, tx, values | {"agency_id": agency_id})
        told: dict[str, Any] = {"id": unit_id}
        if device:
            told |= {"device": device, "key": await api.make_key(fleet, scope, tx, unit_id)}
        return told

    told = transact(work)
    say(told, as_json=json, text="\t".join(str(value) for value in told.values()))


@app.command(name="list")
def list_units(
    *, q: str = "", kind: str | None = None, agency: str | None = None, json: bool = False
) -> None:
    """Lists vehicles, and how fresh their positions are.

    Example: warroom unit list --kind ambulance

    Args:
        q: Only those with this in callsign, plate or station.
        kind: Only those of this kind.
        agency: Only those of this agency (short name).
        json: Print one JSON object.
    """

    async def work(tools: Tools, tx: Transaction) -> list[Any]:
        scope, items, after = _scope(tools), list[Any](), None
        of = await identity.require_agency_id(scope, tx, agency) if agency else None
        while True:
            wanted = ListFilter(q, kind, of, after, _PAGE)
            content = await api.list_units(tools.services[Fleet], scope, tx, wanted)
            page = msgspec.json.decode(content)
            items += page["items"]
            if page["next"] is None:
                return items
            after = page["next"]

    items = transact(work)
    lines = [f"{i['name']}\t{i['kind']}\t{i['agency']['short']}\t{i['freshness']}" for i in items]
    say({"items": items, "total": len(items)}, as_json=json, text="\n".join(lines))


@app.command
def key(unit: str, *, json: bool = False) -> None:
    """Makes a new key for the vehicle's device and prints it once; the former one ends.

    Example: warroom unit key "Damkar 01"

    Args:
        unit: Callsign or id.
        json: Print one JSON object.
    """

    async def work(tools: Tools, tx: Transaction) -> dict[str, Any]:
        scope = _scope(tools)
        found = await api.find_unit(scope, tx, unit)
        made = await api.make_key(tools.services[Fleet], scope, tx, found.id)
        return {"device": found.draft.device, "key": made}

    told = transact(work)
    say(told, as_json=json, text=f"{told['device']}\t{told['key']}")


@app.command(name="import")
def import_file(
    file: Path, *, dry_run: bool = False, keys: Path | None = None, json: bool = False
) -> None:
    """Adds and changes vehicles from a CSV file; exit code 1 if rows were refused.

    Example: warroom unit import armada.csv --keys keys.csv

    Args:
        file: The file; its heading names at least name, kind and agency.
        dry_run: Only say what would happen.
        keys: Make keys for all devices that have none, and write them into this new file.
        json: Print one JSON object.

    Raises:
        UnreadableImportError: The file cannot be opened.
        FieldError: The file for the keys is there already, or cannot be written.
    """
    try:
        content = file.read_bytes()
    except OSError as error:
        raise UnreadableImportError(problem="file") from error

    async def work(tools: Tools, tx: Transaction) -> ImportReport:
        scope, fleet = _scope(tools), tools.services[Fleet]
        report = await api.import_units(fleet, scope, tx, content, dry_run=dry_run)
        if keys is not None and not dry_run:
            made = await api.make_missing_keys(fleet, scope, tx)
            # Within the transaction: keys that could not be written down are of no use.
            _write_keys(keys, made)
        return report

    report = transact(work)
    lines = [
        f"{report.added} added, {report.changed} changed, {report.unchanged} unchanged,"
        f" {len(report.rejected)} refused"
    ]
    for problem in report.rejected:
        sentence = text("en", f"error.{problem.code}", field=problem.field, name="")
        lines.append(f"row {problem.row}: {problem.field}: {sentence}")
    say(report, as_json=json, text="\n".join(lines))
    if report.rejected:
        sys.exit(1)


def _write_keys(path: Path, keys: dict[str, str]) -> None:
    out = io.StringIO()
    rows = csv.writer(out, lineterminator="\n")
    rows.writerow(("device", "key"))
    rows.writerows(keys.items())
    try:
        number = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except OSError as error:
        raise FieldError(field="keys") from error
    with os.fdopen(number, "w") as file:
        file.write(out.getvalue())


def _zoned(tools: Tools, at: datetime) -> datetime:
    """A time without a zone is the city's."""
    return at if at.tzinfo else at.replace(tzinfo=tools.services[ZoneInfo])


@app.command
def track(unit: str, *, begin: datetime, end: datetime, reason: str = "") -> None:
    """Prints where a vehicle was as GeoJSON, at most a day; the look is in the audit.

    Example: warroom unit track "Damkar 01" --begin 2026-11-25T08:00:00+08:00
    --end 2026-11-25T09:00:00+08:00 --reason "Laporan kecelakaan"

    Args:
        unit: Callsign or id.
        begin: From when.
        end: Until when.
        reason: Why; kept in the audit.
    """

    async def work(tools: Tools, tx: Transaction) -> dict[str, Any]:
        scope = _scope(tools)
        found = await api.find_unit(scope, tx, unit)
        span = (_zoned(tools, begin), _zoned(tools, end))
        content = await api.read_track(scope, tx, found.id, span, reason or None)
        return as_geojson(found, msgspec.json.decode(content))

    say(transact(work), as_json=True, text="")
