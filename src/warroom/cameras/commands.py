"""`warroom camera`: the inventory from the machine itself."""

import sys
from pathlib import Path
from typing import Any
from uuid import UUID

import cyclopts
import msgspec

from warroom.cameras import api
from warroom.cameras.api import Inventory, Prober, StreamChange
from warroom.cameras.contracts import ImportReport, ListFilter, ProbeAnswer, State
from warroom.cameras.errors import ImportUnreadableError, UnknownAgencyError
from warroom.identity import api as identity
from warroom.kernel.command import Tools, ask_secret, run, say, transact
from warroom.kernel.db import Transaction
from warroom.kernel.i18n import text
from warroom.kernel.scope import Scope

app = cyclopts.App(name="camera", help="Cameras: add, import, list and probe them.")

_PAGE = 2000


def _scope(tools: Tools) -> Scope:
    return identity.system_scope("warroom camera", tools.clock, door="cli")


def _inventory(tools: Tools) -> Inventory:
    return Inventory.of(tools.services, tools.clock)


@app.command
def add(  # noqa: PLR0913 - each is an option of the command
    *,
    name: str,
    url: str,
    lat: float,
    lon: float,
    agency: str,
    number: int | None = None,
    sub_url: str | None = None,
    transport: str = "tcp",
    username: str | None = None,
    password: bool = False,
    site: str = "",
    bearing: float | None = None,
    fov: float | None = None,
    range_m: float | None = None,
    height_m: float | None = None,
    ptz: bool = False,
    control_url: str | None = None,
    pan_span: float | None = None,
    ceiling_kbit_s: int | None = None,
    tag: list[str] | None = None,
    json: bool = False,
) -> None:
    """Adds a camera.

    Example: warroom camera add --name "Simpang Karebosi" --url rtsp://10.20.1.14/main --lat
    -5.1357 --lon 119.4125 --agency Dishub --username war --password

    Args:
        name: What people call it.
        url: Address of the stream that is recorded.
        lat: Degrees north.
        lon: Degrees east.
        agency: Short name of the agency that owns it.
        number: The number people say; the next free one if left out.
        sub_url: Address of a smaller stream.
        transport: tcp or udp.
        username: Login at the camera.
        password: Ask for the password (or read one line of standard input).
        site: Where it hangs.
        bearing: Degrees clockwise from north.
        fov: Horizontal opening angle in degrees.
        range_m: How far the picture is of use, up to 3,000 m.
        height_m: Metres above ground.
        ptz: It turns and zooms.
        control_url: Address of its ONVIF service, on the host of its stream.
        pan_span: Degrees that its whole pan range covers.
        ceiling_kbit_s: Most it may send for long, in kbit/s; what the city has set if left out.
        tag: A tag; may be given several times.
        json: Print one JSON object.
    """
    secret = ask_secret("Password: ") if password else None
    values: dict[str, Any] = {
        "number": number,
        "name": name,
        "lat": lat,
        "lon": lon,
        "site": site,
        "bearing_deg": bearing,
        "fov_deg": fov,
        "range_m": range_m,
        "height_m": height_m,
        "is_ptz": ptz,
        "control_url": control_url,
        "pan_span_deg": pan_span,
        "ceiling_kbit_s": ceiling_kbit_s,
        "tags": tuple(tag or ()),
    }
    streams = [StreamChange("main", url, transport, username, secret)]
    if sub_url:
        streams.append(StreamChange("sub", sub_url, transport, username, secret))

    async def work(tools: Tools, tx: Transaction) -> UUID:
        scope = tools.scope
        scope = _scope(tools)
        values["agency_id"] = await identity.find_agency_id(scope, tx, agency)
        if values["agency_id"] is None:
            raise UnknownAgencyError(field="agency")
        return await api.add_camera(_inventory(tools), scope, tx, values, streams)

    camera_id = transact(work)
    say({"id": camera_id}, as_json=json, text=str(camera_id))


@app.command(name="import")
def import_file(file: Path, *, dry_run: bool = False, json: bool = False) -> None:
    """Adds and changes cameras from a CSV or GeoJSON file; exit code 1 if rows were refused.

    Example: warroom camera import cameras.csv --dry-run

    Args:
        file: The file.
        dry_run: Only say what would happen.
        json: Print one JSON object.

    Raises:
        ImportUnreadableError: The file cannot be opened.
    """
    try:
        content = file.read_bytes()
    except OSError as error:
        raise ImportUnreadableError(problem="file") from error

    async def work(tools: Tools, tx: Transaction) -> ImportReport:
        scope = tools.scope
        scope = _scope(tools)
        return await api.import_cameras(_inventory(tools), scope, tx, content, dry_run=dry_run)

    report = transact(work)
    lines = [
        f"{report.added} added, {report.changed} changed, {report.unchanged} unchanged,"
        f" {len(report.rejected)} refused"
    ]
    for problem in report.rejected:
        sentence = text("en", f"error.{problem.code}", field=problem.field, **problem.params)
        lines.append(f"row {problem.row}: {problem.field}: {sentence}")
    say(report, as_json=json, text="\n".join(lines))
    if report.rejected:
        sys.exit(1)


@app.command(name="list")
def list_cameras(*, q: str = "", state: State | None = None, json: bool = False) -> None:
    """Lists cameras with their states.

    Example: warroom camera list --state offline

    Args:
        q: Only those with this in number, name or place.
        state: Only those in this state.
        json: Print one JSON object.
    """

    async def work(tools: Tools, tx: Transaction) -> list[Any]:
        scope = tools.scope
        scope, items, after = _scope(tools), [], 0
        while True:
            wanted = ListFilter(q=q, state=state, after_number=after, limit=_PAGE)
            page = msgspec.json.decode(await api.list_cameras(_inventory(tools), scope, tx, wanted))
            items += page["items"]
            if page["next"] is None:
                return items
            after = int(page["next"])

    items = transact(work)
    lines = [f"{i['number']}\t{i['state']['state']}\t{i['name']}" for i in items]
    say({"items": items, "total": len(items)}, as_json=json, text="\n".join(lines))


@app.command
def probe(url: str, *, username: str = "", password: bool = False, json: bool = False) -> None:
    """Asks a stream what it carries, and says why if it cannot be taken in.

    Example: warroom camera probe rtsp://10.20.1.14/main --username war --password

    Args:
        url: Address of the stream.
        username: Login at the camera.
        password: Ask for the password (or read one line of standard input).
        json: Print one JSON object.
    """
    secret = ask_secret("Password: ") if password else ""

    async def work(tools: Tools) -> ProbeAnswer:
        scope = _scope(tools)
        return await api.probe(tools.services[Prober], scope, url, username, secret)

    answer = run(work)
    size = f"{answer.width}x{answer.height}" if answer.width else "size not told"
    say(answer, as_json=json, text=f"{answer.codec} {size} in {answer.took_ms} ms")
