"""Use cases of the inventory: authorise, load, judge, save, audit, tell; one transaction each.

The caller opens the transaction and gives it in; what raises, rolls everything back.
"""

import binascii
import contextlib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any
from uuid import UUID

import msgspec
from psycopg.errors import ForeignKeyViolation, InsufficientPrivilege, UniqueViolation

from warroom.audit import api as audit
from warroom.cameras import rules
from warroom.cameras.contracts import (
    CHANGED,
    CONFIGURE,
    OVERRIDE,
    RECORD,
    STATE,
    VIEW,
    Camera,
    CameraDraft,
    CameraId,
    Credentials,
    ListFilter,
    LoudCamera,
    Siting,
    StateChange,
    StateReport,
    StoredCamera,
    StreamConfig,
    StreamDraft,
    UnrecordedCamera,
)
from warroom.cameras.errors import (
    CameraNotFoundError,
    ChangedMeanwhileError,
    NumberTakenError,
    UnknownAgencyError,
)
from warroom.cameras.rules import StreamChange
from warroom.cameras.settings import CameraSettings
from warroom.cameras.store import finding, lists, states, writing
from warroom.identity.contracts import Thing, finds
from warroom.kernel import actions, leases, outbox
from warroom.kernel.clock import Clock
from warroom.kernel.db import Transaction
from warroom.kernel.ids import new_id
from warroom.kernel.log import logger
from warroom.kernel.scope import Scope, Sides
from warroom.kernel.secrets import SealBrokenError, Sealer
from warroom.kernel.services import Services
from warroom.places.api import Atlas

type Event = tuple[Any, *outbox.Thing]

READ_AUDIT = "audit:read"
"""To read who looked at a camera."""

LEASE = "camera"
LEASE_TTL_S = 6.0
"""A recorder renews every 1.5 s; one that is silent for longer has lost its cameras to others."""

HAND_OVER_S = 5.0
"""Both recorders have asked at least twice by then."""

HAND_OVER_GUARD_MS = 300
"""Clocks and estimates of two recorders differ by less. Within it the new one waits for the next
key frame, so that nothing is recorded twice."""


@dataclass(frozen=True, slots=True)
class Inventory:
    """What the use cases work with, beside scope and transaction."""

    sealer: Sealer
    atlas: Atlas
    settings: CameraSettings
    clock: Clock

    @classmethod
    def of(cls, services: Services, clock: Clock) -> "Inventory":
        """The inventory of a process."""
        return cls(services[Sealer], services[Atlas], services[CameraSettings], clock)


async def list_cameras(
    inventory: Inventory, scope: Scope, tx: Transaction, wanted: ListFilter
) -> bytes:
    """See `api.list_cameras`."""
    return await lists.list_cameras(
        scope,
        tx,
        wanted,
        rules.like_pattern(wanted.q),
        inventory.clock.now(),
        inventory.settings.silent_after_s,
    )


async def show_camera(
    inventory: Inventory, scope: Scope, tx: Transaction, which: UUID | int
) -> bytes:
    """See `api.show_camera`.

    Raises:
        CameraNotFoundError: No such camera, or not for this scope.
    """
    camera_id = await finding.find_id(scope, tx, which) if isinstance(which, int) else which
    if camera_id is None:
        raise CameraNotFoundError
    camera = await get_camera(scope, tx, camera_id, VIEW)
    return await lists.get_camera_json(
        scope,
        tx,
        camera_id,
        inventory.clock.now(),
        inventory.settings.silent_after_s,
        with_streams=scope.allows(CONFIGURE, **camera.sides),
        can=words_on(scope, camera),
    )


def words_on(scope: Scope, camera: Camera) -> list[str]:
    """See `api.words_on`."""
    words = sorted((*actions.words_on("camera"), READ_AUDIT))
    return [word for word in words if scope.allows(word, **camera.sides)]


async def get_camera(
    scope: Scope,
    tx: Transaction,
    camera_id: UUID,
    action: str,
    *,
    including_removed: bool = False,
) -> Camera:
    """See `api.get_camera`.

    Raises:
        CameraNotFoundError: No such camera, or not for this scope.
    """
    found = await finding.find_cameras(
        scope, tx, [camera_id], action, including_removed=including_removed
    )
    if not found:
        raise CameraNotFoundError
    return found[0]


def may_override(scope: Scope, camera: Camera) -> bool:
    """Whether they may take this camera from anybody who may only move it."""
    return scope.allows(OVERRIDE, **camera.sides)


async def list_nearby(
    inventory: Inventory, scope: Scope, tx: Transaction, position: tuple[float, float], limit: int
) -> bytes:
    """See `api.list_nearby`."""
    return await lists.list_nearby(
        scope, tx, position, limit, inventory.clock.now(), inventory.settings.silent_after_s
    )


async def count_states(inventory: Inventory, scope: Scope, tx: Transaction) -> bytes:
    """See `api.count_states`."""
    return await states.count_states(
        scope, tx, inventory.clock.now(), inventory.settings.silent_after_s
    )


async def add_camera(
    inventory: Inventory,
    scope: Scope,
    tx: Transaction,
    values: Mapping[str, Any],
    streams: Iterable[StreamChange],
) -> CameraId:
    """See `api.add_camera`.

    Raises:
        NumberTakenError: Another camera has the number.
    """
    scope.require(CONFIGURE)
    if values.get("number") is None:
        values = {**values, "number": await writing.next_number(scope, tx)}
    draft = rules.merge(None, values, streams, allow_loopback=inventory.settings.allow_loopback)
    siting = judge_camera(inventory, scope, draft, None)
    camera_id = new_id()
    added = await insert_cameras(inventory, scope, tx, [(camera_id, draft, siting)])
    if camera_id not in added:
        raise NumberTakenError(number=draft.number)
    await tell_changed(inventory, scope, tx, "added", [(camera_id, None, draft, siting)])
    return CameraId(camera_id)


async def change_camera(
    inventory: Inventory,
    scope: Scope,
    tx: Transaction,
    camera_id: UUID,
    version: int,
    values: Mapping[str, Any],
    streams: Iterable[StreamChange],
) -> None:
    """See `api.change_camera`.

    Raises:
        ChangedMeanwhileError: Somebody else saved it since.
        NumberTakenError: Another camera has the number.
    """
    stored = await _lock_one(inventory, scope, tx, camera_id)
    if stored.version != version:
        raise ChangedMeanwhileError(version=stored.version)
    draft = rules.merge(
        stored.draft, values, streams, allow_loopback=inventory.settings.allow_loopback
    )
    siting = judge_camera(inventory, scope, draft, camera_id)
    if (draft, siting) == (stored.draft, stored.siting):
        return
    try:
        await update_cameras(inventory, scope, tx, [(stored, draft, siting)])
    except UniqueViolation as error:
        raise NumberTakenError(number=draft.number) from error
    change = (camera_id, stored, draft, siting)
    await tell_changed(inventory, scope, tx, "changed", [change])


async def remove_camera(
    inventory: Inventory, scope: Scope, tx: Transaction, camera_id: UUID, reason: str | None
) -> None:
    """See `api.remove_camera`."""
    stored = await _lock_one(inventory, scope, tx, camera_id)
    await writing.remove_camera(scope, tx, camera_id, inventory.clock.now())
    change = (camera_id, stored, stored.draft, stored.siting)
    await tell_changed(inventory, scope, tx, "removed", [change], reason=reason)


async def list_streams(inventory: Inventory, scope: Scope, tx: Transaction) -> list[StreamConfig]:
    """See `api.list_streams`."""
    _require_system(scope)
    rows = await writing.list_sealed_streams(scope, tx)
    return [_config(inventory.sealer, row) for row in rows]


async def claim_streams(
    inventory: Inventory, scope: Scope, tx: Transaction, node: str, capacity: int
) -> list[StreamConfig]:
    """See `api.claim_streams`."""
    _require_system(scope)
    rows = [row for row in await writing.list_sealed_streams(scope, tx) if row["enabled"]]
    keys = list(dict.fromkeys(str(row["camera_id"]) for row in rows))
    held = await leases.claim(
        tx, LEASE, keys, node, most=capacity, ttl_s=LEASE_TTL_S, hand_over_s=HAND_OVER_S
    )
    return [
        _within(_config(inventory.sealer, row), lease)
        for row in rows
        if (lease := held.get(str(row["camera_id"]))) is not None
    ]


def _within(config: StreamConfig, lease: leases.Lease) -> StreamConfig:
    """The stream from when, or until when, it is this recorder's."""
    if lease.from_at is None and lease.until_at is None:
        return config
    from_ms = _ms(lease.from_at) + HAND_OVER_GUARD_MS if lease.from_at else None
    return replace(
        config, from_ms=from_ms, until_ms=_ms(lease.until_at) if lease.until_at else None
    )


def _ms(at: datetime) -> int:
    return round(at.timestamp() * 1000)


async def report_states(
    inventory: Inventory, scope: Scope, tx: Transaction, reports: Sequence[StateReport]
) -> int:
    """See `api.report_states`."""
    _require_system(scope)
    # The newest report of a camera wins: one statement cannot touch a row twice.
    newest = list({report.camera_id: report for report in reports}.values())
    if not newest:
        return 0
    changes = await states.save_reports(scope, tx, newest, inventory.clock.now())
    await states.save_pictures(scope, tx, newest)
    await _tell_states(inventory, scope, tx, changes)
    return len(changes)


async def list_unrecorded(
    inventory: Inventory, scope: Scope, tx: Transaction
) -> list[UnrecordedCamera]:
    """See `api.list_unrecorded`."""
    _require_system(scope)
    silent_s = inventory.settings.silent_after_s
    return await states.list_unrecorded(scope, tx, inventory.clock.now(), silent_s)


async def list_loud(inventory: Inventory, scope: Scope, tx: Transaction) -> list[LoudCamera]:
    """See `api.list_loud`."""
    _require_system(scope)
    silent_s = inventory.settings.silent_after_s
    return await states.list_loud(scope, tx, inventory.clock.now(), silent_s)


async def silence(inventory: Inventory, scope: Scope, tx: Transaction) -> int:
    """See `api.silence`."""
    _require_system(scope)
    silent_s = inventory.settings.silent_after_s
    changes = await states.silence(scope, tx, inventory.clock.now(), silent_s)
    await _tell_states(inventory, scope, tx, changes)
    return len(changes)


def judge_camera(
    inventory: Inventory, scope: Scope, draft: CameraDraft, camera_id: UUID | None
) -> Siting:
    """Where the camera stands, if it may be stored so by this scope.

    Raises:
        FieldError: A field cannot be taken as it is.
        UnknownAgencyError: The scope may not have cameras of that agency, there.
    """
    city = inventory.atlas.city()
    bounds = city.bounds if city else None
    problems = rules.problems_of(draft, bounds, inventory.settings.city_margin_km)
    if problems:
        raise problems[0]
    siting = site_of(inventory.atlas, draft)
    if not scope.allows(CONFIGURE, **_sides(camera_id, draft, siting)):
        raise UnknownAgencyError(field="agency_id")
    return siting


def site_of(atlas: Atlas, draft: CameraDraft) -> Siting:
    """The areas that were given with the camera, or those found from its position."""
    if draft.kecamatan is None:
        area = atlas.area_of(draft.lat, draft.lon)
        if area is None:
            return Siting()
        ward = area.kelurahan
        return Siting(
            area.kecamatan.code,
            area.kecamatan.name,
            ward.code if ward else None,
            ward.name if ward else None,
            area.how_known,
        )
    district = atlas.find_kecamatan(draft.kecamatan)
    ward = atlas.find_kelurahan(draft.kelurahan, draft.kecamatan) if draft.kelurahan else None
    return Siting(
        draft.kecamatan,
        district.name if district else draft.kecamatan,
        draft.kelurahan,
        ward.name if ward else draft.kelurahan,
        "given",
    )


def opened_camera(sealer: Sealer, row: Mapping[str, Any]) -> StoredCamera:
    """A stored row as a camera; a login that cannot be opened is None, and stays as it is."""
    given = row["area_source"] == "given"
    streams = tuple(
        StreamDraft(
            stream["role"],
            stream["url"],
            stream["transport"],
            open_login(sealer, UUID(stream["id"]), _from_base64(stream["credentials"])),
        )
        for stream in row["streams"]
    )
    draft = CameraDraft(
        number=row["number"],
        name=row["name"],
        agency_id=row["agency_id"],
        lat=row["lat"],
        lon=row["lon"],
        site=row["site"],
        kecamatan=row["kecamatan"] if given else None,
        kelurahan=row["kelurahan"] if given else None,
        height_m=row["height_m"],
        bearing_deg=row["bearing_deg"],
        fov_deg=row["fov_deg"],
        range_m=row["range_m"],
        is_ptz=row["is_ptz"],
        control_url=row["control_url"],
        pan_span_deg=row["pan_span_deg"],
        ceiling_kbit_s=row["ceiling_kbit_s"],
        tags=tuple(row["tags"]),
        retention_class=row["retention_class"],
        simulated=row["simulated"],
        enabled=row["enabled"],
        notes=row["notes"],
        streams=streams,
    )
    siting = Siting(
        row["kecamatan"],
        row["kecamatan_name"],
        row["kelurahan"],
        row["kelurahan_name"],
        row["area_source"],
    )
    return StoredCamera(CameraId(row["id"]), row["version"], siting, draft)


async def insert_cameras(
    inventory: Inventory,
    scope: Scope,
    tx: Transaction,
    cameras: Sequence[tuple[UUID, CameraDraft, Siting]],
) -> set[UUID]:
    """Stores new cameras with their streams; those whose number is taken are left out.

    Raises:
        UnknownAgencyError: An agency does not exist, or not for this scope.
    """
    try:
        added = await writing.insert_cameras(scope, tx, cameras, inventory.clock.now())
    except (ForeignKeyViolation, InsufficientPrivilege) as error:
        raise UnknownAgencyError(field="agency_id") from error
    await writing.save_streams(
        scope,
        tx,
        [
            (stream_id, camera_id, draft.agency_id, stream, sealed)
            for camera_id, draft, _ in cameras
            if camera_id in added
            for stream in draft.streams
            for stream_id in [new_id()]
            for sealed in [_seal(inventory.sealer, stream_id, stream.credentials)]
        ],
    )
    return added


async def update_cameras(
    inventory: Inventory,
    scope: Scope,
    tx: Transaction,
    cameras: Sequence[tuple[StoredCamera, CameraDraft, Siting]],
) -> None:
    """Stores changed cameras; streams that stay as they were are not touched.

    Raises:
        UnknownAgencyError: An agency does not exist, or not for this scope.
    """
    rows = [(stored.id, draft, siting) for stored, draft, siting in cameras]
    try:
        await writing.update_cameras(scope, tx, rows, inventory.clock.now())
    except (ForeignKeyViolation, InsufficientPrivilege) as error:
        raise UnknownAgencyError(field="agency_id") from error
    for stored, draft, _ in cameras:
        before = {stream.role: stream for stream in stored.draft.streams}
        kept = [stream.role for stream in draft.streams]
        if set(before) - set(kept):
            await writing.drop_streams(scope, tx, stored.id, kept)
    await _save_changed_streams(inventory, scope, tx, cameras)


async def _save_changed_streams(
    inventory: Inventory,
    scope: Scope,
    tx: Transaction,
    cameras: Sequence[tuple[StoredCamera, CameraDraft, Siting]],
) -> None:
    changed = [
        (stored.id, draft.agency_id, stream)
        for stored, draft, _ in cameras
        for stream in draft.streams
        if stream not in stored.draft.streams
    ]
    ids = await writing.stream_ids(scope, tx, [camera_id for camera_id, _, _ in changed])
    rows = []
    for camera_id, agency_id, stream in changed:
        stream_id, sealed = ids.get((camera_id, stream.role), (new_id(), None))
        if stream.credentials is not None:
            sealed = _seal(inventory.sealer, stream_id, stream.credentials)
        rows.append((stream_id, camera_id, agency_id, stream, sealed))
    await writing.save_streams(scope, tx, rows)


async def tell_changed(
    inventory: Inventory,
    scope: Scope,
    tx: Transaction,
    change: str,
    cameras: Sequence[tuple[UUID, StoredCamera | None, CameraDraft, Siting]],
    reason: str | None = None,
) -> None:
    """Publishes and audits what happened to cameras: `added`, `changed` or `removed`."""
    events: list[Event] = [
        ({"id": camera_id, "change": change}, *_thing(camera_id, draft, siting))
        for camera_id, _, draft, siting in cameras
    ]
    # Whoever saw the camera before and does not any more must hear that it is gone.
    events += [
        ({"id": stored.id, "change": "removed"}, *_thing(stored.id, stored.draft, stored.siting))
        for _, stored, draft, siting in cameras
        if stored is not None
        and _thing(stored.id, stored.draft, stored.siting) != _thing(stored.id, draft, siting)
    ]
    events.sort(key=lambda event: event[0]["change"] != "removed")
    await outbox.publish_many(tx, CHANGED, events, now=inventory.clock.now())
    deeds = []
    for camera_id, stored, draft, siting in cameras:
        before = stored.draft if stored and change != "removed" else None
        detail = {} if change == "removed" else rules.differences(before, draft)
        label = f"{draft.number} {draft.name}"
        deeds.append(
            audit.Asked(
                f"camera:{change}",
                "camera",
                camera_id,
                draft.agency_id,
                label,
                siting.place,
                detail,
                reason,
                sides=_sides(camera_id, draft, siting),
            )
        )
    await audit.record_all(scope, tx, deeds)


async def _tell_states(
    inventory: Inventory, scope: Scope, tx: Transaction, changes: Sequence[StateChange]
) -> None:
    if not changes:
        return
    now, silent_s = inventory.clock.now(), inventory.settings.silent_after_s
    told = await states.states_of(
        scope, tx, [change.camera_id for change in changes], now, silent_s
    )
    events: list[Event] = [
        (
            {"id": change.camera_id, "state": msgspec.Raw(told[change.camera_id])},
            *outbox.thing_of(change.sides),
        )
        for change in changes
    ]
    await outbox.publish_many(tx, STATE, events, now=now)


async def _lock_one(
    inventory: Inventory, scope: Scope, tx: Transaction, camera_id: UUID
) -> StoredCamera:
    scope.require(CONFIGURE)
    rows = await writing.lock_stored(scope, tx, ids=[camera_id])
    if not rows:
        raise CameraNotFoundError
    return opened_camera(inventory.sealer, rows[0])


@finds("camera")
async def find_thing(scope: Scope, tx: Transaction, asked: str) -> Thing | None:
    """The camera in view with this number or id, as rights see it; None if there is none."""
    camera_id: UUID | None = None
    if asked.isascii() and asked.isdigit() and len(asked) <= 6:
        camera_id = await finding.find_id(scope, tx, int(asked))
    else:
        with contextlib.suppress(ValueError):
            camera_id = UUID(asked)
    found = await finding.find_cameras(scope, tx, [camera_id], VIEW) if camera_id else []
    if not found:
        return None
    (camera,) = found
    label = f"{camera.number} {camera.name}"
    return Thing(
        *("camera", camera.id, label, camera.agency_id, camera.place),
        tags=camera.tags,
        class_=camera.retention_class,
    )


def _sides(camera_id: UUID | None, draft: CameraDraft, siting: Siting) -> Sides:
    """By what rights on the camera are judged once it is as drafted; it may not have an id yet."""
    return {
        "agency_id": draft.agency_id,
        "place": siting.place,
        "object_id": camera_id,
        "tags": draft.tags,
        "class_": draft.retention_class,
    }


def _thing(camera_id: UUID, draft: CameraDraft, siting: Siting) -> outbox.Thing:
    """By what it is decided who hears of the camera."""
    return outbox.thing_of(_sides(camera_id, draft, siting))


def _require_system(scope: Scope) -> None:
    """Logins leave the inventory towards the recorder only, whatever rights a person holds.

    Raises:
        CameraNotFoundError: A person asks.
    """
    scope.require(RECORD)
    if scope.person_id is not None:
        raise CameraNotFoundError


def _config(sealer: Sealer, row: Mapping[str, Any]) -> StreamConfig:
    login = open_login(sealer, row["id"], row["credentials"])
    if login is None:
        # One broken seal must not keep the other cameras from being recorded.
        logger("cameras.service").error("login_unreadable", number=row["number"], role=row["role"])
        login = Credentials()
    return StreamConfig(
        camera_id=row["camera_id"],
        role=row["role"],
        url=login.url or row["url"],
        username=login.username,
        password=login.password,
        transport=row["transport"],
        agency_id=row["agency_id"],
        place=row["place"],
        retention_class=row["retention_class"],
        enabled=row["enabled"],
        number=row["number"],
        agency=row["agency"],
        ceiling_kbit_s=row["ceiling_kbit_s"],
    )


def _seal(sealer: Sealer, stream_id: UUID, login: Credentials | None) -> bytes | None:
    if login is None or login.is_empty:
        return None
    plain = msgspec.json.encode([login.username, login.password, login.url])
    return sealer.seal(plain, stream_id.bytes)


def open_login(sealer: Sealer, stream_id: UUID, sealed: bytes | None) -> Credentials | None:
    """The login of a stream; None where the seal is broken."""
    if sealed is None:
        return Credentials()
    try:
        return Credentials(*msgspec.json.decode(sealer.open(sealed, stream_id.bytes)))
    except SealBrokenError:
        return None


def _from_base64(text: str | None) -> bytes | None:
    return None if text is None else binascii.a2b_base64(text)
