"""What `traffic` tells `privacy`: who closed a road, and who reported of one."""

from warroom.privacy.contracts import Purpose, Retention, Told

TOLD = Told(
    (
        Purpose(
            "road_closures",
            "road_said",
            actions=("traffic:view",),
            tables=("traffic_said",),
            is_searched=False,
        ),
    ),
    (Retention("road_said", None),),
)
