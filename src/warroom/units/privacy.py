"""What `units` tells `privacy`: where a vehicle is, is where its crew is."""

from warroom.privacy.contracts import Purpose, Retention, Told
from warroom.units.settings import UnitSettings


def told(settings: UnitSettings) -> Told:
    """The one purpose, and how long the settings keep tracks."""
    return Told(
        (
            Purpose(
                "unit_tracks",
                "unit_track",
                actions=("unit:track",),
                tables=("unit", "unit_position", "unit_track", "unit_event", "unit_fence"),
                is_searched=False,
            ),
        ),
        (Retention("unit_track", float(settings.track_days)),),
    )
