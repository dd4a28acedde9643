"""Which alarms are due: pure judgement over what recorders and cameras last said."""

from collections.abc import Iterable, Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

from warroom.cameras.contracts import LoudCamera, UnrecordedCamera
from warroom.recording.contracts import Alarm, AlarmKind, AlarmLevel, NodeReport, camera_sides
from warroom.recording.hold_rules import ENDS_NEXT
from warroom.recording.rules import HELD_WARNING, are_holds_in_the_way

UNRECORDED_AFTER = timedelta(seconds=15)
"""A camera that comes back within this is a gap on the time line, not an alarm."""

AWAY_AFTER = timedelta(seconds=10)
"""A recorder tells of itself every two seconds."""

WATCH_PAUSE = timedelta(seconds=10)
"""Who has not looked for this long knows nothing, and begins to watch anew."""

NODE_FORGOTTEN_AFTER = timedelta(days=7)

_DISK_KINDS: dict[str, tuple[AlarmKind, AlarmLevel]] = {
    "error": ("disk_error", "alarm"),
    "full": ("disk_full", "alarm"),
    "slow": ("disk_slow", "warning"),
}


def due_alarms(
    cameras: Iterable[UnrecordedCamera],
    nodes: Iterable[NodeReport],
    now: datetime,
    watching_since: datetime,
    ending: Iterable[dict[str, Any]] = (),
    loud: Iterable[LoudCamera] = (),
) -> list[Alarm]:
    """Every alarm that is to be open now, the same however often it is asked.

    Args:
        cameras: Cameras that are to be recorded and are not.
        nodes: The last word of each recorder.
        now: The present.
        watching_since: Silence is counted from here at the earliest: before it nobody listened.
        ending: Holds that end by themselves within a day, as stored.
        loud: Cameras whose bit rate is wrong.
    """
    alarms = [
        _camera_alarm(camera)
        for camera in cameras
        if now - max(camera.since, camera.changed_at, watching_since) >= UNRECORDED_AFTER
    ]
    for report in nodes:
        if now - max(report.reported_at, watching_since) >= AWAY_AFTER:
            alarms.append(
                Alarm("recorder_away", report.node, "alarm", report.reported_at, report.node)
            )
        else:
            for disk in report.disks:
                alarms += _disk_alarms(report, disk)
    alarms += [_ending_alarm(hold) for hold in ending]
    alarms += [_bitrate_alarm(camera) for camera in loud]
    return alarms


def _ending_alarm(hold: dict[str, Any]) -> Alarm:
    return Alarm(
        "hold_ends",
        str(hold["id"]),
        "warning",
        max(hold["created_at"], hold["until_at"] - ENDS_NEXT),
        camera=camera_sides(hold),
        detail={
            "number": hold["camera_number"],
            "name": hold["camera_name"],
            "hold": str(hold["id"]),
            "until_at": hold["until_at"].astimezone(UTC).isoformat(timespec="seconds"),
        },
    )


def _bitrate_alarm(camera: LoudCamera) -> Alarm:
    return Alarm(
        "camera_bitrate",
        str(camera.camera_id),
        "alarm" if camera.bitrate == "over_ceiling" else "warning",
        camera.since,
        camera.node,
        camera=camera.sides,
        detail={"number": camera.number, "name": camera.name, "reason": camera.bitrate},
    )


def _camera_alarm(camera: UnrecordedCamera) -> Alarm:
    return Alarm(
        "camera_not_recorded",
        str(camera.camera_id),
        "alarm",
        camera.since,
        camera.node,
        camera=camera.sides,
        detail={
            "number": camera.number,
            "name": camera.name,
            "state": camera.state,
            "reason": camera.reason,
        },
    )


def _disk_alarms(report: NodeReport, disk: dict[str, Any]) -> Iterator[Alarm]:
    subject = f"{report.node}/{disk['label']}"

    def alarm(kind: AlarmKind, level: AlarmLevel, **detail: Any) -> Alarm:
        return Alarm(
            kind, subject, level, report.reported_at, report.node, disk["label"], detail=detail
        )

    if disk["state"] in _DISK_KINDS:
        yield alarm(*_DISK_KINDS[disk["state"]], cameras_losing=disk["losing"])
    held, quota = disk["held_bytes"], disk["quota_bytes"]
    if held > quota * HELD_WARNING:
        # Five per cent steps: a figure that moves all the time would be told all the time.
        share = min(100, int(held / quota * 20) * 5)
        level: AlarmLevel = "alarm" if are_holds_in_the_way(held, quota) else "warning"
        yield alarm("holds_fill_disk", level, held_percent=share)
    if disk.get("is_short"):
        yield alarm("disk_short", "warning")
    if disk["unknown_holds"]:
        yield alarm("holds_unknown", "warning", holds=disk["unknown_holds"])
