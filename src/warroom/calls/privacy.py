"""What `calls` tells `privacy`: who called 112, from where, and what was said."""

from warroom.calls import desk_store
from warroom.calls.settings import CallSettings
from warroom.kernel.db import Transaction
from warroom.kernel.phones import national_digits
from warroom.kernel.scope import Scope
from warroom.privacy.contracts import Purpose, Retention, Stored, Subject, SubjectSource, Told

_MOST = 1000


async def find_calls(scope: Scope, tx: Transaction, subject: Subject) -> list[Stored]:
    """Calls in view from this number, or to it."""
    core = national_digits(subject.value)
    rows = await desk_store.list_of_number(scope, tx, core, _MOST) if core else []
    items = tuple(
        {
            "offered_at": row["offered_at"].isoformat(),
            "direction": row["direction"],
            "channel": row["channel"],
            "state": row["state"],
            "class": row["class"],
            "recorded_s": row["recording_s"],
            "places": row["places"],
        }
        for row in rows
    )
    if not items:
        return []
    return [Stored("call", len(items), "emergency_calls", "call_record", items)]


def told(settings: CallSettings) -> Told:
    """The one purpose, how long the settings keep records, and how a number is looked for."""
    return Told(
        (
            Purpose(
                "emergency_calls",
                "call_record",
                actions=("call:view", "call:take", "call:listen", "call:hold"),
                tables=("call", "call_event", "call_location", "call_hold"),
            ),
        ),
        (
            Retention("call_record", float(settings.record_days)),
            Retention("call_recording", float(settings.recording_days)),
        ),
        (SubjectSource("call", frozenset({"phone"}), frozenset({"emergency_calls"}), find_calls),),
    )
