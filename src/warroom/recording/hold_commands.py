"""`warroom recording hold`: holds from the machine itself."""

from datetime import UTC, datetime
from typing import Any
from uuid import UUID

import cyclopts
import msgspec

from warroom.cameras import api as cameras
from warroom.identity import api as identity
from warroom.kernel.command import Tools, run, say
from warroom.kernel.db import Transaction
from warroom.kernel.scope import Scope
from warroom.recording.api import HoldService
from warroom.recording.contracts import HoldDraft

app = cyclopts.App(name="recording", help="Recorded footage.")
hold = cyclopts.App(name="hold", help="Footage kept from retention: set, list, release.")
app.command(hold)

_PAGE = 200


def _scope(tools: Tools) -> Scope:
    return identity.system_scope("warroom recording hold", tools.clock, door="cli")


@hold.command
def add(
    *,
    camera: list[int],
    start: datetime,
    to: datetime,
    reason: str,
    case: str = "",
    until: datetime | None = None,
    json: bool = False,
) -> None:
    """Holds footage of cameras from-to, so that nothing deletes it until it is released.

    Example: warroom recording hold add --camera 214 --start 2026-11-24T06:00Z
    --to 2026-11-24T06:30Z --reason "Tabrak lari, Jl. Pettarani" --case LP/114/XI/2026

    Args:
        camera: Number of a camera; may be given several times.
        start: First instant; UTC if no offset is given.
        to: First instant no longer held.
        reason: Why.
        case: Case number.
        until: When the hold ends by itself; never if left out.
        json: Print one JSON object.
    """

    async def work(tools: Tools) -> list[dict[str, Any]]:
        scope = _scope(tools)
        async with tools.db.transaction(scope) as tx:
            ids = [await _camera_id(tools, scope, tx, number) for number in camera]
        draft = HoldDraft(
            tuple(ids), _aware(start), _aware(to), reason, case, until and _aware(until)
        )
        return await tools.services[HoldService].add(scope, draft)

    items = run(work)
    say({"items": items}, as_json=json, text="\n".join(map(_line, items)))


@hold.command(name="list")
def list_holds(*, released: bool = False, json: bool = False) -> None:
    """Lists holds, newest first. Example: `warroom recording hold list --json`.

    Args:
        released: Also those that are over.
        json: Print one JSON object.
    """

    async def work(tools: Tools) -> list[dict[str, Any]]:
        items: list[dict[str, Any]] = []
        after: UUID | None = None
        while True:
            page = await tools.services[HoldService].list_holds(
                _scope(tools), released=released, after=after, limit=_PAGE
            )
            items += page["items"]
            after = page["next"]
            if after is None:
                return items

    items = run(work)
    say({"items": items}, as_json=json, text="\n".join(map(_line, items)))


@hold.command
def release(hold_id: UUID, *, reason: str, json: bool = False) -> None:
    """Ends a hold. Example: `warroom recording hold release ID --reason "Perkara selesai"`.

    Args:
        hold_id: Id of the hold.
        reason: Why.
        json: Print one JSON object.
    """

    async def work(tools: Tools) -> None:
        await tools.services[HoldService].release(_scope(tools), hold_id, reason)

    run(work)
    say({"released": hold_id}, as_json=json, text=f"released {hold_id}")


@hold.command
def adopt(*, reason: str, json: bool = False) -> None:
    """Makes holds known again that only this node's disks know, after a restore of the database.

    Example: warroom recording hold adopt --reason "Pulih dari cadangan 24 November"

    Args:
        reason: Why.
        json: Print one JSON object.
    """

    async def work(tools: Tools) -> tuple[int, int]:
        return await tools.services[HoldService].adopt(_scope(tools), reason)

    adopted, unknown = run(work)
    say(
        {"adopted": adopted, "of_unknown_cameras": unknown},
        as_json=json,
        text=f"{adopted} adopted, {unknown} of unknown cameras",
    )


async def _camera_id(tools: Tools, scope: Scope, tx: Transaction, number: int) -> UUID:
    inventory = cameras.Inventory.of(tools.services, tools.clock)
    shown = msgspec.json.decode(await cameras.show_camera(inventory, scope, tx, number))
    return UUID(shown["id"])


def _aware(at: datetime) -> datetime:
    return at if at.tzinfo else at.replace(tzinfo=UTC)


def _line(item: dict[str, Any]) -> str:
    until = item["until_at"]
    parts = [
        str(item["id"]),
        f"camera {item['camera']['number']}",
        f"{item['from']:%Y-%m-%d %H:%M:%S%z} - {item['to']:%Y-%m-%d %H:%M:%S%z}",
        item["state"],
        f"{item['bytes'] / 1e6:.1f} MB",
        f"{item['missing_s']:.0f} s missing",
        f"until {until:%Y-%m-%d %H:%M%z}" if until else "until released",
        item["case_number"] or "-",
        item["reason"],
    ]
    return "  ".join(parts)
