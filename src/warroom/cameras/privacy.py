"""What `cameras` tells `privacy`: who has a turning camera in hand, for as long as they have it."""

from warroom.privacy.contracts import Purpose, Retention, Told

TOLD = Told(
    (
        Purpose(
            "camera_turning",
            "camera_grip",
            actions=("ptz:move",),
            tables=("camera_grip",),
            is_searched=False,
        ),
    ),
    (Retention("camera_grip", 0.0),),
)
