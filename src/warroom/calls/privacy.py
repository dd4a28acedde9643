"""What `calls` tells `privacy`: who called 112, from where, and what was said."""

from warroom.calls.settings import CallSettings
from warroom.privacy.contracts import Purpose, Retention, Told


def told(settings: CallSettings) -> Told:
    """The one purpose, and how long the settings keep records of calls."""
    return Told(
        (
            Purpose(
                "emergency_calls",
                "call_record",
                actions=("call:view",),
                tables=("call", "call_event", "call_location"),
                is_searched=False,
            ),
        ),
        (Retention("call_record", float(settings.record_days)),),
    )
