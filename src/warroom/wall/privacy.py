"""What `wall` tells `privacy`: layouts belong to who made them."""

from warroom.privacy.contracts import Purpose, Retention, Told

TOLD = Told(
    (
        Purpose(
            "wall_layouts",
            "wall_layout",
            tables=("wall_layout",),
            is_searched=False,
        ),
    ),
    (Retention("wall_layout", None),),
)
