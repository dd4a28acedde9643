"""What `traffic` tells `privacy`: who closed a road or reported of one; how long jams are kept."""

from warroom.privacy.contracts import Purpose, Retention, Told
from warroom.traffic.settings import TrafficSettings


def told(settings: TrafficSettings) -> Told:
    """The one purpose, and how long the settings keep jams, which are of roads alone."""
    return Told(
        (
            Purpose(
                "road_closures",
                "road_said",
                actions=("traffic:view",),
                tables=("traffic_said",),
                is_searched=False,
            ),
        ),
        (Retention("road_said", None), Retention("traffic_jam", float(settings.jam_days))),
    )
