"""The inventory in PostgreSQL as the recorder's source of assignments and sink of states."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from uuid import UUID

from warroom.cameras import api as cameras
from warroom.cameras.contracts import StateReport, StreamConfig, StreamPicture
from warroom.kernel.db import Database, Transaction
from warroom.kernel.outbox import CHANNEL
from warroom.kernel.scope import Scope
from warroom.recording.contracts import Assignment, DiskState, Hold, Role, StreamState
from warroom.recording.removals import report_removals
from warroom.recording.store import alarms as alarm_store
from warroom.recording.store import holds as hold_store

_REMOVALS_EVERY_S = 60.0

type Claim = Callable[[Scope, Transaction], Awaitable[list[StreamConfig]]]
type Report = Callable[[Scope, Transaction, list[StateReport]], Awaitable[Any]]


class CameraGateway:
    """Implements `control.Gateway` on the inventory.

    Args:
        db: Of the application's role.
        scope: The recorder's own scope, built anew for each transaction.
        node: Name of this node.
        claim: Renews this node's leases and lists its streams (`cameras.api.claim_streams`).
        report: Takes state reports (`cameras.api.report_states`).
        disks: Folders whose removals are told.
    """

    def __init__(
        self,
        db: Database,
        scope: Callable[[], Scope],
        node: str,
        claim: Claim,
        report: Report,
        disks: Sequence[Path] = (),
    ) -> None:
        self._db = db
        self._scope = scope
        self._node = node
        self._claim = claim
        self._report = report
        self._states: dict[str, dict[str, StreamState]] = {}
        self._losing: frozenset[str] = frozenset()
        self._assigned: dict[str, list[Assignment]] = {}
        self._changed = asyncio.Event()
        self._disks = disks
        self._removals_due = float("-inf")

    async def list_assignments(self) -> list[Assignment]:
        """The streams this node holds the leases of."""
        scope = self._scope()
        async with self._db.transaction(scope) as tx:
            configs = await self._claim(scope, tx)
            assigned: dict[str, list[Assignment]] = {}
            for config in configs:
                assigned.setdefault(str(config.camera_id), []).append(as_assignment(config))
            gone = sorted(self._assigned.keys() - assigned.keys())
            moved = await cameras.moved_cameras(tx, gone, self._node) if gone else set()
        # Who lost a camera to another says so once, and not that somebody switched it off.
        over = [
            replace(assignment, until_ms=_ms(scope.at))
            for camera_id in sorted(moved)
            for assignment in self._assigned[camera_id]
            if assignment.until_ms is None
        ]
        self._assigned = assigned
        return [*(item for items in assigned.values() for item in items), *over]

    async def list_holds(self) -> list[Hold]:
        """Every hold, those that were released too."""
        scope = self._scope()
        async with self._db.transaction(scope) as tx:
            return await hold_store.list_for_recorders(scope, tx)

    async def changed(self, timeout_s: float) -> None:
        """Returns after something was published, or after `timeout_s`."""
        try:
            await asyncio.wait_for(self._changed.wait(), timeout_s)
            # Many changes in a row (an import) are looked at once.
            await asyncio.sleep(0.3)
        except TimeoutError:
            pass
        self._changed.clear()

    async def report_states(self, states: list[StreamState], disks: list[DiskState]) -> None:
        """Tells the inventory how cameras are, and the city how this node and its disks are.

        The main stream speaks for its camera. A camera whose footage its disk cannot take is not
        recorded, whatever its stream says.
        """
        losing = frozenset(camera_id for disk in disks for camera_id in disk.losing)
        touched = dict.fromkeys(state.camera_id for state in states)
        touched |= dict.fromkeys(sorted((losing ^ self._losing) & self._states.keys()))
        for state in states:
            self._states.setdefault(state.camera_id, {})[state.role] = state
        reports = [
            as_report(self._states[camera_id], self._node, is_losing=camera_id in losing)
            for camera_id in touched
        ]
        scope = self._scope()
        # While a camera changes hands, it is told of by one recorder alone.
        reports = [item for item in reports if self._is_to_tell(str(item.camera_id), scope.at)]
        async with self._db.transaction(scope) as tx:
            if reports:
                await self._report(scope, tx, reports)
            await alarm_store.save_node(scope, tx, self._node, disks_json(disks))
        self._losing = losing
        now_s = asyncio.get_running_loop().time()
        if now_s >= self._removals_due:
            await report_removals(self._db, scope, self._node, self._disks)
            self._removals_due = now_s + _REMOVALS_EVERY_S

    def _is_to_tell(self, camera_id: str, now: datetime) -> bool:
        return all(
            item.until_ms is None and (item.from_ms is None or item.from_ms <= _ms(now))
            for item in self._assigned.get(camera_id, ())
        )

    async def listen(self) -> None:
        """Wakes `changed` at each notification; runs until cancelled."""
        async for _ in self._db.listen(CHANNEL, poll_s=30.0):
            self._changed.set()


@asynccontextmanager
async def camera_gateway(
    db: Database,
    scope: Callable[[], Scope],
    node: str,
    claim: Claim,
    report: Report,
    disks: Sequence[Path] = (),
) -> AsyncIterator[CameraGateway]:
    """Opens the database and listens for changes as long as the gateway is used."""
    await db.open()
    gateway = CameraGateway(db, scope, node, claim, report, disks)
    listener = asyncio.create_task(gateway.listen())
    try:
        yield gateway
    finally:
        listener.cancel()
        await asyncio.gather(listener, return_exceptions=True)
        await db.close()


def as_assignment(config: StreamConfig) -> Assignment:
    """The recorder's view of a stream: `main` is stored, `sub` is taken in while watched."""
    return Assignment(
        camera_id=str(config.camera_id),
        role=config.role,
        url=config.url,
        username=config.username,
        password=config.password,
        transport=config.transport,
        retention_class=config.retention_class,
        enabled=config.enabled,
        is_recorded=config.role == "main",
        agency=config.agency,
        ceiling_kbit_s=config.ceiling_kbit_s,
        from_ms=config.from_ms,
        until_ms=config.until_ms,
    )


def disks_json(disks: list[DiskState]) -> list[dict[str, Any]]:
    """Disks as other processes are told of them: by number, since paths are nobody's business."""
    return [
        {
            "label": f"disk {number}",
            "state": disk.state,
            "bytes": disk.bytes,
            "quota_bytes": disk.quota_bytes,
            "held_bytes": disk.held_bytes,
            "losing": len(disk.losing),
            "unknown_holds": disk.unknown_holds,
            "is_short": disk.is_short,
        }
        for number, disk in enumerate(disks, 1)
    ]


def as_report(states: dict[str, StreamState], node: str, *, is_losing: bool = False) -> StateReport:
    """One report of a camera from the states of its streams."""
    state = states.get("main") or states["sub"]
    roles: tuple[Role, ...] = ("main", "sub")
    pictures = tuple(
        StreamPicture(role, known.codec, known.width, known.height)
        for role in roles
        if (known := states.get(role)) and known.codec and known.width and known.height
    )
    return StateReport(
        camera_id=UUID(state.camera_id),
        state=state.state,
        since=_instant(state.since_ms),
        reason=state.reason,
        last_frame_at=_instant(state.last_frame_ms) if state.last_frame_ms else None,
        fps=state.fps,
        kbit_s=state.kbit_s,
        clock_offset_ms=state.clock_offset_ms,
        clock_uncertainty_ms=state.clock_uncertainty_ms,
        recording=state.is_recording and not is_losing,
        node=node,
        pictures=pictures,
        bitrate=state.bitrate,
    )


def _ms(at: datetime) -> int:
    return round(at.timestamp() * 1000)


def _instant(ms: int) -> datetime:
    return datetime.fromtimestamp(ms / 1000, UTC)
