"""Use cases of turning cameras: who has one in hand, what it is asked, and what is told of that.

What is decided stands in the database, so that all processes see the same; the camera is spoken to
afterwards, outside of the transaction. Between the two somebody else may take it over: then their
word comes second, and stands.
"""

from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any
from uuid import UUID

from warroom.audit import api as audit
from warroom.cameras import aiming, grips, service
from warroom.cameras.addresses import control_of
from warroom.cameras.contracts import (
    CONFIGURE,
    MOVE,
    PTZ,
    RECORD,
    Aim,
    Camera,
    Control,
    Grip,
    Pose,
    Preset,
    Reach,
)
from warroom.cameras.errors import (
    CameraNotFoundError,
    FieldError,
    HeldError,
    NotTurningError,
    OutOfRangeError,
    RankTooLowError,
    ReasonNeededError,
    TurningLoginError,
)
from warroom.cameras.service import Inventory
from warroom.cameras.store import finding, turning
from warroom.cameras.turner import Turner
from warroom.kernel import outbox
from warroom.kernel.db import Transaction
from warroom.kernel.scope import Scope

MAX_REASON = 300


@dataclass(frozen=True, slots=True)
class Judged:
    """Who has a camera in hand after somebody asked for it.

    A refusal is not raised where it is judged: who was refused stands in line from now on, and the
    transaction that says so must be kept.
    """

    grip: Grip
    name: str
    refusal: HeldError | None = None

    def require(self) -> None:
        """Goes on if the asker has it; call it when the transaction is over.

        Raises:
            HeldError: Somebody else has it.
        """
        if self.refusal is not None:
            raise self.refusal


async def find_control(
    inventory: Inventory, scope: Scope, tx: Transaction, camera_id: UUID
) -> Control:
    """See `api.find_control`.

    Raises:
        NotTurningError: It does not turn, or has no stream on whose host it could be asked.
        TurningLoginError: Its login cannot be opened.
    """
    camera = await service.get_camera(scope, tx, camera_id, MOVE)
    row = await turning.find_control(scope, tx, camera_id)
    if row is None or not row["is_ptz"] or not camera.enabled or row["main_url"] is None:
        raise NotTurningError
    login = service.open_login(inventory.sealer, row["stream_id"], row["credentials"])
    if login is None:
        raise TurningLoginError
    return Control(
        camera,
        row["control_url"] or control_of(row["main_url"]),
        login,
        row["bearing_deg"],
        row["fov_deg"],
        row["pan_span_deg"],
        row["bearings"],
    )


async def show_grip(
    inventory: Inventory,
    scope: Scope,
    tx: Transaction,
    camera_id: UUID,
    *,
    for_incident: bool = False,
) -> dict[str, Any]:
    """See `api.show_grip`."""
    camera = await service.get_camera(scope, tx, camera_id, MOVE)
    found = await turning.find_grip(scope, tx, camera_id)
    rank = grips.RANK_INCIDENT if for_incident else grips.RANK_MOVE
    if service.may_override(scope, camera):
        rank = grips.RANK_OVERRIDE
    return _told(_who(scope), rank, found, inventory.clock.now())


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
    """See `api.take`."""
    reason = _checked(reason, takes_over=takes_over)
    camera = await service.get_camera(scope, tx, camera_id, MOVE)
    asker = _asker(scope, camera, None, takes_over=takes_over, reserves=reserves)
    return await _judge(inventory, scope, tx, camera, asker, reason)


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
    """See `api.hold_to_move`."""
    reason = _checked(reason, takes_over=takes_over)
    asker = _asker(scope, camera, incident_id, takes_over=takes_over)
    judged = await _judge(inventory, scope, tx, camera, asker, reason)
    now, grip = inventory.clock.now(), judged.grip
    if judged.refusal is None and (deed is not None or grips.is_to_be_told(grip, now)):
        grip = replace(grip, told_at=now)
        await turning.save_grip(scope, tx, camera, grip, judged.name, grips.free_at(grip))
        await _record(scope, tx, camera, MOVE, deed or {})
    return judged


async def let_go(inventory: Inventory, scope: Scope, tx: Transaction, camera_id: UUID) -> bool:
    """See `api.let_go`."""
    camera = await service.get_camera(scope, tx, camera_id, MOVE)
    found = await turning.find_grip(scope, tx, camera_id, lock=True)
    if found is None or found[0].person_id != _who(scope):
        return False
    await turning.drop_grip(scope, tx, camera_id)
    held = inventory.clock.now() - found[0].taken_at
    await _record(scope, tx, camera, "ptz:released", {"seconds": round(held.total_seconds())})
    await _tell(inventory, tx, camera)
    return True


async def say_bearing(
    inventory: Inventory,
    scope: Scope,
    tx: Transaction,
    camera_id: UUID,
    token: str,
    bearing_deg: float | None,
) -> None:
    """See `api.say_bearing`.

    Raises:
        OutOfRangeError: It is no bearing.
        FieldError: No camera has a position of such a name.
    """
    if bearing_deg is not None and not 0 <= bearing_deg <= 360:
        raise OutOfRangeError(field="bearing_deg", low=0, high=360)
    if not token or len(token) > 80 or not token.isprintable():
        raise FieldError(field="token")
    camera = await service.get_camera(scope, tx, camera_id, CONFIGURE)
    bearing = None if bearing_deg is None else bearing_deg % 360
    await turning.save_bearing(scope, tx, camera, token, bearing)
    await _record(scope, tx, camera, "ptz:preset", {"preset": token, "bearing_deg": bearing})
    await _tell(inventory, tx, camera)


async def forget_free(inventory: Inventory, scope: Scope, tx: Transaction) -> int:
    """See `api.forget_free`."""
    gone = await turning.drop_free(scope, tx, inventory.clock.now())
    for camera in await finding.find_cameras(scope, tx, gone, RECORD):
        await _tell(inventory, tx, camera)
    return len(gone)


async def look(turner: Turner, control: Control) -> dict[str, Any]:
    """See `api.look`."""

    async def asked(camera: Any) -> tuple[Reach, list[Preset], Pose]:
        return await camera.reach(), await camera.presets(), await camera.pose()

    reach, presets, pose = await turner.ask(control, asked)
    home, span = control.bearing_deg, control.pan_span_deg
    return {
        "presets": [
            {
                "token": one.token,
                "name": one.name,
                "bearing_deg": control.bearings.get(
                    one.token, aiming.bearing_of(one.pan, home, reach, span)
                ),
                "is_said": one.token in control.bearings,
            }
            for one in presets
        ],
        "bearing_deg": aiming.bearing_of(pose.pan, home, reach, span),
        "pan": pose.pan,
        "tilt": pose.tilt,
        "zoom": pose.zoom,
        "is_moving": pose.is_moving,
        "turns": reach.by is not None,
        "is_measured": aiming.bearing_of(0.0, home, reach, span) is not None,
    }


async def aim(turner: Turner, control: Control, place: tuple[float, float]) -> Aim:
    """See `api.aim`."""
    camera = control.camera
    bearing = aiming.bearing_to((camera.lat, camera.lon), place)

    async def asked(turning_camera: Any) -> Aim:
        chosen = aiming.choose(
            bearing,
            control.bearing_deg,
            control.fov_deg,
            await turning_camera.reach(),
            control.pan_span_deg,
            await turning_camera.presets(),
            control.bearings,
        )
        if chosen.by == "turn" and chosen.pan is not None:
            await turning_camera.turn(chosen.pan)
        elif chosen.by == "preset" and chosen.preset is not None:
            await turning_camera.go_to(chosen.preset.token)
        return chosen

    return await turner.ask(control, asked)


async def go_to(turner: Turner, control: Control, token: str) -> None:
    """See `api.go_to`."""
    await turner.ask(control, lambda camera: camera.go_to(token))


def aim_json(chosen: Aim) -> dict[str, Any]:
    """See `api.aim_json`."""
    return {
        "by": chosen.by,
        "preset": chosen.preset.name or chosen.preset.token if chosen.preset else None,
        "off_deg": None if chosen.off_deg is None else round(chosen.off_deg),
        "is_seen": chosen.is_seen,
        "why": chosen.why,
    }


async def _judge(
    inventory: Inventory,
    scope: Scope,
    tx: Transaction,
    camera: Camera,
    asker: grips.Asker,
    reason: str,
) -> Judged:
    """Who has the camera now; kept, told and written down where that changed."""
    now = inventory.clock.now()
    before, name = await turning.find_grip(scope, tx, camera.id, lock=True) or (None, "")
    verdict = grips.ask(before, asker, now)
    free_at = grips.free_at(verdict.grip)
    if not verdict.is_granted:
        await turning.save_grip(scope, tx, camera, verdict.grip, name, free_at)
        error = RankTooLowError if verdict.became == "outranked" else HeldError
        seconds = max(1, round((free_at - now).total_seconds()))
        return Judged(verdict.grip, name, error(name=name, seconds=seconds))
    await turning.save_grip(scope, tx, camera, verdict.grip, scope.label, free_at)
    is_reserved = before is not None and before.reserved_until == verdict.grip.reserved_until
    if verdict.became != "renewed" or not is_reserved:
        detail: dict[str, Any] = {"rank": asker.rank, "reserved": asker.reserves}
        if asker.incident_id is not None:
            detail["incident"] = str(asker.incident_id)
        if verdict.became == "taken_over":
            detail["person"] = str(before.person_id) if before else None
        deed = "ptz:taken_over" if verdict.became == "taken_over" else "ptz:taken"
        await _record(scope, tx, camera, deed, detail, reason or None)
        await _tell(inventory, tx, camera)
    return Judged(verdict.grip, scope.label)


def _checked(reason: str, *, takes_over: bool) -> str:
    """The reason as it is written down.

    Raises:
        ReasonNeededError: It is taken out of somebody's hands without one.
        FieldError: The reason is too long.
    """
    reason = reason.strip()
    if len(reason) > MAX_REASON or not reason.isprintable():
        raise FieldError(field="reason")
    if takes_over and not reason:
        raise ReasonNeededError
    return reason


def _asker(
    scope: Scope,
    camera: Camera,
    incident_id: UUID | None,
    *,
    takes_over: bool = False,
    reserves: bool = False,
) -> grips.Asker:
    rank = grips.RANK_MOVE if incident_id is None else grips.RANK_INCIDENT
    if service.may_override(scope, camera):
        rank = grips.RANK_OVERRIDE
    return grips.Asker(_who(scope), rank, takes_over, reserves, incident_id)


def _who(scope: Scope) -> UUID:
    """Person or program that asks.

    Raises:
        CameraNotFoundError: Nobody does who could hold a camera.
    """
    who = scope.person_id or scope.session_id
    if who is None:
        raise CameraNotFoundError
    return who


def _told(who: UUID, rank: int, found: tuple[Grip, str] | None, now: datetime) -> dict[str, Any]:
    held = None
    if found is not None and grips.free_at(found[0]) > now:
        grip, name = found
        held = {
            "name": name,
            "is_mine": grip.person_id == who,
            "since": grip.taken_at,
            "free_at": grips.free_at(grip),
            "reserved_until": grip.reserved_until,
            "incident_id": grip.incident_id,
            "is_waited_for": grip.waiter_id is not None,
        }
    grip_now = found[0] if found else None
    return {
        "held": held,
        "may_take_over": grips.may_take_over(grip_now, rank, who, now),
        "may_wait": grips.may_wait(grip_now, rank, who, now),
    }


async def _record(
    scope: Scope,
    tx: Transaction,
    camera: Camera,
    deed: str,
    detail: dict[str, Any],
    reason: str | None = None,
) -> None:
    await audit.record(
        scope,
        tx,
        action=deed,
        object_kind="camera",
        object_id=camera.id,
        agency_id=camera.agency_id,
        object_label=f"{camera.number} {camera.name}",
        place=camera.place,
        detail=detail,
        reason=reason,
        sides=camera.sides,
    )


async def _tell(inventory: Inventory, tx: Transaction, camera: Camera) -> None:
    event = ({"id": camera.id}, *outbox.thing_of(camera.sides))
    await outbox.publish_many(tx, PTZ, [event], now=inventory.clock.now())
