"""What `recording` tells `privacy`: footage, who watched it, and what was held."""

import msgspec

from warroom.audit import api as audit
from warroom.cameras import api as cameras
from warroom.kernel.db import Transaction
from warroom.kernel.scope import Scope
from warroom.privacy.contracts import Purpose, Retention, Stored, Subject, SubjectSource, Told
from warroom.recording.settings import RecordingSettings
from warroom.recording.store import holds as hold_store

_MOST = 1000


async def find_watchers(scope: Scope, tx: Transaction, subject: Subject) -> list[Stored]:
    """Who saw what a camera showed while somebody was there: `value` is the camera's number.

    Whether the footage is still there is said by the recorder, not here; it stays until its class
    ends. Without the right to read the audit there is nothing to tell.
    """
    camera = await cameras.find_thing(scope, tx, subject.value.strip())
    if camera is None or subject.from_at is None or subject.to_at is None:
        return []
    content = await audit.list_watchers(scope, tx, camera.id, subject.from_at, subject.to_at)
    found = msgspec.json.decode(content)
    rows = found["items"] if isinstance(found, dict) else found
    seen = tuple({word: one[word] for word in ("at", "person", "agency", "action")} for one in rows)
    item = {
        "camera": camera.label,
        "from": subject.from_at.isoformat(),
        "to": subject.to_at.isoformat(),
    }
    until = f"footage.{camera.class_}"
    return [Stored("footage", 1, "cctv_recording", until, (item,), seen)]


async def find_holds(scope: Scope, tx: Transaction, subject: Subject) -> list[Stored]:
    """Holds in view whose reason, case or author names this person."""
    rows = await hold_store.list_holds(
        scope, tx, camera_id=None, released=True, after=None, limit=_MOST
    )
    wanted = subject.value.strip().casefold()
    items = tuple(
        {
            "camera": f"{row['camera_number']} {row['camera_name']}",
            "reason": row["reason"],
            "case_number": row["case_number"],
            "created_by": row["created_by_label"],
            "created_at": row["created_at"].isoformat(),
        }
        for row in rows
        if wanted
        in " ".join(
            str(row[word] or "") for word in ("reason", "case_number", "created_by_label")
        ).casefold()
    )
    return [Stored("hold", len(items), "cctv_hold", "hold", items)] if items else []


def told(settings: RecordingSettings) -> Told:
    """Purposes, and each retention class that the settings know."""
    return Told(
        (
            Purpose(
                "cctv_recording", "footage.standard", actions=("recording:view", "recording:export")
            ),
            Purpose(
                "cctv_hold",
                "hold",
                actions=("recording:hold",),
                tables=("recording_hold",),
            ),
        ),
        (
            *(
                Retention(f"footage.{name}", days)
                for name, days in sorted(settings.keep_days.items())
            ),
            Retention("hold", None),
        ),
        (
            SubjectSource(
                "footage", frozenset({"footage"}), frozenset({"cctv_recording"}), find_watchers
            ),
            SubjectSource("hold", frozenset({"name"}), frozenset({"cctv_hold"}), find_holds),
        ),
    )
