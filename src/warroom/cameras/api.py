"""What other domains, and the doors of this one, call of `cameras`.

The caller opens the transaction: several calls in one of them happen together or not at all.
"""

import asyncio
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from warroom.audit import api as audit
from warroom.audit.contracts import Access
from warroom.cameras import bulk, service, turning
from warroom.cameras.addresses import join_credentials, parse_address
from warroom.cameras.contracts import (
    CONFIGURE,
    VIEW,
    Aim,
    Areas,
    Camera,
    CameraId,
    Control,
    Credentials,
    ImportReport,
    KnownStream,
    ListFilter,
    LoudCamera,
    ProbeAnswer,
    Sited,
    StateReport,
    StreamConfig,
    UnrecordedCamera,
    Velocity,
)
from warroom.cameras.errors import CameraNotFoundError
from warroom.cameras.probe import Prober
from warroom.cameras.rules import StreamChange
from warroom.cameras.service import Inventory
from warroom.cameras.settings import CameraSettings
from warroom.cameras.store import finding
from warroom.cameras.turner import Turner
from warroom.cameras.turning import Judged
from warroom.identity.contracts import Thing
from warroom.kernel import leases
from warroom.kernel.addresses import is_address_allowed
from warroom.kernel.clock import Clock
from warroom.kernel.db import Transaction
from warroom.kernel.scope import Scope


def open_prober(settings: CameraSettings, clock: Clock) -> Prober:
    """The prober of a process; it lets `settings.probes_at_once` run at the same time."""
    return Prober(
        clock,
        settings.allow_loopback,
        settings.probe_timeout_s,
        asyncio.Semaphore(settings.probes_at_once),
    )


async def list_cameras(
    inventory: Inventory, scope: Scope, tx: Transaction, wanted: ListFilter
) -> bytes:
    """A page of cameras in view as JSON `{items, next, total}`, by number, with their states."""
    return await service.list_cameras(inventory, scope, tx, wanted)


async def show_camera(
    inventory: Inventory, scope: Scope, tx: Transaction, which: UUID | int
) -> bytes:
    """One camera by id or number as JSON; with its streams for those who may configure it.

    Raises:
        CameraNotFoundError: No such camera, or not for this scope.
    """
    return await service.show_camera(inventory, scope, tx, which)


async def get_camera(
    scope: Scope,
    tx: Transaction,
    camera_id: UUID,
    action: str = VIEW,
    *,
    including_removed: bool = False,
) -> Camera:
    """The camera, if the scope may do `action` with it: the gate before every picture of it.

    Args:
        scope: Who asks.
        tx: Transaction of the scope.
        camera_id: Which camera.
        action: What they want: `live:view`, `recording:view`, `ptz:move`.
        including_removed: Whether a camera that was removed counts: for its old footage.

    Raises:
        CameraNotFoundError: No such camera, or not for this scope.
    """
    return await service.get_camera(
        scope, tx, camera_id, action, including_removed=including_removed
    )


async def find_cameras(
    scope: Scope,
    tx: Transaction,
    camera_ids: Iterable[UUID],
    action: str = VIEW,
    *,
    including_removed: bool = False,
) -> list[Camera]:
    """Those of the cameras with which the scope may do `action`; the others are not told apart."""
    return await finding.find_cameras(
        scope, tx, camera_ids, action, including_removed=including_removed
    )


def words_on(scope: Scope, camera: Camera) -> list[str]:
    """What the scope may do with a camera today: action words, in alphabetical order.

    Each word here is let in by the routes that ask for it, and no other word is; a right that is
    limited to some footage counts as one. Among them is the right to read who looked at it.
    """
    return service.words_on(scope, camera)


async def find_in_areas(
    scope: Scope, tx: Transaction, wanted: Areas, action: str = VIEW
) -> list[Camera]:
    """The cameras of one owner inside areas, with which the scope may do `action`; by number."""
    return await finding.find_in_areas(scope, tx, wanted, action)


async def list_sited(scope: Scope, tx: Transaction, action: str = VIEW) -> list[Sited]:
    """All cameras with which the scope may do `action`, with where they look; by number."""
    return await finding.list_sited(scope, tx, action)


async def list_known_streams(
    scope: Scope, tx: Transaction, camera_id: UUID, action: str = VIEW
) -> list[KnownStream]:
    """The camera's streams without their addresses; none if `action` is not allowed on it."""
    return await finding.list_known_streams(scope, tx, camera_id, action)


async def list_nearby(
    inventory: Inventory, scope: Scope, tx: Transaction, position: tuple[float, float], limit: int
) -> bytes:
    """The cameras in view nearest to (lat, lon) as JSON `{items}`, each with `distance_m`."""
    return await service.list_nearby(inventory, scope, tx, position, limit)


async def count_states(inventory: Inventory, scope: Scope, tx: Transaction) -> bytes:
    """Cameras in view by state as JSON `{live, late, offline, unknown, recording, total}`."""
    return await service.count_states(inventory, scope, tx)


async def count_by_class(scope: Scope, tx: Transaction, agency_id: UUID) -> list[dict[str, Any]]:
    """How many cameras in view an agency has, by retention class and kecamatan."""
    return await finding.count_by_class(scope, tx, agency_id)


async def add_camera(
    inventory: Inventory,
    scope: Scope,
    tx: Transaction,
    values: Mapping[str, Any],
    streams: Iterable[StreamChange] = (),
) -> CameraId:
    """Adds a camera; no other camera is touched.

    Args:
        inventory: What the use cases work with.
        scope: Who asks; needs `camera:configure` for the agency and place of the camera.
        tx: Transaction of the scope.
        values: Fields of `CameraDraft`; without a number it gets the next one.
        streams: Its streams; `main` first where there is any.

    Raises:
        FieldError: A field cannot be taken (its subclass says why).
        NumberTakenError: Another camera has the number.
        UnknownAgencyError: No such agency, or not for this scope.
    """
    return await service.add_camera(inventory, scope, tx, values, streams)


async def change_camera(
    inventory: Inventory,
    scope: Scope,
    tx: Transaction,
    camera_id: UUID,
    version: int,
    values: Mapping[str, Any],
    streams: Iterable[StreamChange] = (),
) -> None:
    """Changes what is given of a camera; what is not given stays, and nothing is no change.

    Raises:
        CameraNotFoundError: No such camera, or not for this scope.
        ChangedMeanwhileError: `version` is not the newest.
        FieldError: A field cannot be taken.
        NumberTakenError: Another camera has the number.
    """
    await service.change_camera(inventory, scope, tx, camera_id, version, values, streams)


async def remove_camera(
    inventory: Inventory,
    scope: Scope,
    tx: Transaction,
    camera_id: UUID,
    reason: str | None = None,
) -> None:
    """Removes a camera; its logins are deleted, its footage stays for those who may see it.

    Raises:
        CameraNotFoundError: No such camera, or not for this scope.
    """
    await service.remove_camera(inventory, scope, tx, camera_id, reason)


async def import_cameras(
    inventory: Inventory, scope: Scope, tx: Transaction, content: bytes, *, dry_run: bool = False
) -> ImportReport:
    """Adds and changes cameras from a CSV or GeoJSON file; bad rows are told and left out.

    Raises:
        ImportUnreadableError: The file is neither.
        ImportTooLargeError: It has too many bytes or rows.
    """
    return await bulk.import_cameras(inventory, scope, tx, content, dry_run=dry_run)


async def probe(
    prober: Prober, scope: Scope, url: str, username: str = "", password: str = ""
) -> ProbeAnswer:
    """What a stream carries, asked of the camera itself; call it outside of a transaction.

    Raises:
        ProbeError: The stream cannot be taken in (its subclass says why).
        UrlInvalidError: The address cannot be taken (its subclass says why).
    """
    scope.require(CONFIGURE)
    address = parse_address(url, allow_loopback=prober.allow_loopback)
    login = join_credentials(address.credentials, username, password)
    return await prober.probe(address, login)


async def list_streams(inventory: Inventory, scope: Scope, tx: Transaction) -> list[StreamConfig]:
    """Every stream with its login opened, for the recorder; the scope must be the system's."""
    return await service.list_streams(inventory, scope, tx)


async def claim_streams(
    inventory: Inventory, scope: Scope, tx: Transaction, node: str, capacity: int
) -> list[StreamConfig]:
    """The streams that `node` is to take in now; call it every few seconds to keep them.

    Cameras are leased one by one, so that a dead node's are taken over by others within ten
    seconds. At most `capacity` cameras are held.
    """
    return await service.claim_streams(inventory, scope, tx, node, capacity)


async def moved_cameras(tx: Transaction, camera_ids: list[str], node: str) -> set[str]:
    """Which of these cameras another node than `node` records now."""
    return await leases.moved(tx, service.LEASE, camera_ids, node)


async def list_recorded_by(
    tx: Transaction, camera_id: UUID
) -> list[tuple[str, datetime, datetime | None]]:
    """Which node recorded the camera from when on, by time, and when it was last seen at all."""
    return await leases.history(tx, service.LEASE, str(camera_id))


async def list_recorders(tx: Transaction) -> dict[str, str]:
    """Which node records each camera now."""
    return {key: holder for key, (holder, _) in (await leases.holders(tx, service.LEASE)).items()}


async def report_states(
    inventory: Inventory, scope: Scope, tx: Transaction, reports: Sequence[StateReport]
) -> int:
    """Takes how cameras are doing, any number in one call; tells how many changed state.

    A camera that is not reported for `silent_after_s` becomes unknown, so report each at least
    every ten seconds. Cameras that are not in the inventory any more are passed over.
    """
    return await service.report_states(inventory, scope, tx, reports)


async def silence(inventory: Inventory, scope: Scope, tx: Transaction) -> int:
    """Marks as unknown, and tells, what no node has reported for too long; tells how many."""
    return await service.silence(inventory, scope, tx)


async def list_unrecorded(
    inventory: Inventory, scope: Scope, tx: Transaction
) -> list[UnrecordedCamera]:
    """Cameras that are to be recorded and are not; the scope must be the system's."""
    return await service.list_unrecorded(inventory, scope, tx)


async def list_loud(inventory: Inventory, scope: Scope, tx: Transaction) -> list[LoudCamera]:
    """Cameras whose bit rate is wrong, as recorders tell; the scope must be the system's."""
    return await service.list_loud(inventory, scope, tx)


async def list_accesses(
    scope: Scope, tx: Transaction, camera_id: UUID, since: datetime
) -> list[Access]:
    """Who looked at a camera since then: for auditors, and for those who run the camera.

    Raises:
        CameraNotFoundError: No such camera, or neither right on it.
    """
    for action in (service.READ_AUDIT, CONFIGURE):
        if await finding.find_cameras(scope, tx, [camera_id], action):
            return await audit.accesses(scope, tx, camera_id, since, action=action)
    raise CameraNotFoundError


async def find_control(
    inventory: Inventory, scope: Scope, tx: Transaction, camera_id: UUID
) -> Control:
    """Where and how a camera is asked to move, for those who may move it.

    Raises:
        CameraNotFoundError: No such camera, or not for this scope.
        NotTurningError: It does not turn, is switched off, or has no stream.
        TurningLoginError: Its login cannot be opened.
    """
    return await turning.find_control(inventory, scope, tx, camera_id)


async def show_grip(
    inventory: Inventory,
    scope: Scope,
    tx: Transaction,
    camera_id: UUID,
    *,
    for_incident: bool = False,
) -> dict[str, Any]:
    """Who has a turning camera in hand (`held`), and whether the asker may take it over or wait.

    Args:
        inventory: What the use cases work with.
        scope: Who asks.
        tx: Transaction of the scope.
        camera_id: Which camera.
        for_incident: Whether it would be turned to an incident, which ranks higher.

    Raises:
        CameraNotFoundError: No such camera, or not for this scope.
    """
    return await turning.show_grip(inventory, scope, tx, camera_id, for_incident=for_incident)


async def take(
    inventory: Inventory,
    scope: Scope,
    tx: Transaction,
    camera_id: UUID,
    *,
    takes_over: bool = False,
    reserves: bool = False,
    reason: str = "",
) -> Judged:
    """Asks for a turning camera; ask the answer (`require`) when the transaction is over.

    Raises:
        CameraNotFoundError: No such camera, or not for this scope.
        ReasonNeededError: It is taken over without a reason.
        FieldError: The reason is too long.
    """
    return await turning.take(
        *(inventory, scope, tx, camera_id),
        takes_over=takes_over,
        reserves=reserves,
        reason=reason,
    )


async def hold_to_move(
    inventory: Inventory,
    scope: Scope,
    tx: Transaction,
    camera: Camera,
    incident_id: UUID | None = None,
    *,
    takes_over: bool = False,
    reason: str = "",
    deed: dict[str, Any] | None = None,
) -> Judged:
    """Takes or keeps a camera for a movement; ask the answer when the transaction is over.

    The audit is told of a movement when it begins, and again for each minute that it goes on; with
    `deed` (a preset, a place) each time. The caller has read the camera for `ptz:move`.

    Raises:
        ReasonNeededError: It is taken over without a reason.
        FieldError: The reason is too long.
    """
    return await turning.hold_to_move(
        *(inventory, scope, tx, camera, incident_id),
        takes_over=takes_over,
        reason=reason,
        deed=deed,
    )


async def let_go(inventory: Inventory, scope: Scope, tx: Transaction, camera_id: UUID) -> bool:
    """Gives a camera back; tells whether the asker had it.

    Raises:
        CameraNotFoundError: No such camera, or not for this scope.
    """
    return await turning.let_go(inventory, scope, tx, camera_id)


async def say_bearing(
    inventory: Inventory,
    scope: Scope,
    tx: Transaction,
    camera_id: UUID,
    token: str,
    bearing_deg: float | None,
) -> None:
    """Keeps where a position of a camera looks (None forgets it), for those who configure it.

    Raises:
        CameraNotFoundError: No such camera, or not for this scope.
        FieldError: It is no bearing, or no name of a position.
    """
    await turning.say_bearing(inventory, scope, tx, camera_id, token, bearing_deg)


async def forget_free(inventory: Inventory, scope: Scope, tx: Transaction) -> int:
    """Forgets, and tells, who had cameras that are free again; tells how many."""
    return await turning.forget_free(inventory, scope, tx)


async def look(turner: Turner, control: Control) -> dict[str, Any]:
    """What the camera tells of itself: positions, and where it looks. Outside of a transaction.

    Raises:
        TurningError: It does not answer (its subclass says why).
    """
    return await turning.look(turner, control)


async def move(turner: Turner, control: Control, velocity: Velocity) -> None:
    """Moves it for two seconds, or stops it. Outside of a transaction.

    Raises:
        TurningError: It does not do it.
    """
    await turner.move(control, velocity)


async def go_to(turner: Turner, control: Control, token: str) -> None:
    """Sends it to a position that it keeps. Outside of a transaction.

    Raises:
        TurningError: It does not do it.
    """
    await turning.go_to(turner, control, token)


async def aim(turner: Turner, control: Control, place: tuple[float, float]) -> Aim:
    """Turns it to a place (lat, lon) as well as that can be known. Outside of a transaction.

    Raises:
        TurningError: It does not do it.
    """
    return await turning.aim(turner, control, place)


def aim_json(chosen: Aim) -> dict[str, Any]:
    """How a camera came to look at a place (`by`), how well, or `why` that cannot be known."""
    return turning.aim_json(chosen)


async def find_thing(scope: Scope, tx: Transaction, asked: str) -> Thing | None:
    """The camera in view with this number or id, as rights see it; None if there is none."""
    return await service.find_thing(scope, tx, asked)


__all__ = [
    "Camera",
    "CameraSettings",
    "Credentials",
    "Inventory",
    "Prober",
    "StreamChange",
    "Turner",
    "add_camera",
    "aim",
    "aim_json",
    "change_camera",
    "claim_streams",
    "count_by_class",
    "count_states",
    "find_cameras",
    "find_control",
    "find_thing",
    "forget_free",
    "get_camera",
    "go_to",
    "hold_to_move",
    "import_cameras",
    "is_address_allowed",
    "let_go",
    "list_accesses",
    "list_cameras",
    "list_known_streams",
    "list_loud",
    "list_nearby",
    "list_recorded_by",
    "list_recorders",
    "list_sited",
    "list_streams",
    "list_unrecorded",
    "look",
    "move",
    "moved_cameras",
    "open_prober",
    "parse_address",
    "probe",
    "remove_camera",
    "report_states",
    "say_bearing",
    "show_camera",
    "show_grip",
    "silence",
    "take",
]
