"""What `dispatch` tells `privacy`: who served on which unit, and what they did when."""

from warroom.dispatch.settings import DispatchSettings
from warroom.privacy.contracts import Purpose, Retention, Told


def told(settings: DispatchSettings) -> Told:
    """The one purpose, and how long the settings keep tasks."""
    return Told(
        (
            Purpose(
                "field_duty",
                "dispatch",
                actions=("dispatch:view", "dispatch:send"),
                tables=(
                    "dispatch_task",
                    "dispatch_assignment",
                    "dispatch_event",
                    "dispatch_crew",
                    "dispatch_runcard",
                    "dispatch_alarm",
                    "dispatch_outage",
                    "dispatch_facility",
                    "dispatch_bed",
                    "dispatch_minimum",
                    "dispatch_shortfall",
                    "dispatch_stacked",
                    "dispatch_handover",
                    "dispatch_handover_read",
                ),
                is_searched=False,
            ),
        ),
        (Retention("dispatch", float(settings.kept_days)),),
    )
