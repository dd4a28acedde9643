"""What `live` tells `privacy`: it shows pictures and stores none."""

from warroom.privacy.contracts import Purpose, Retention, Told

TOLD = Told(
    (Purpose("cctv_live", "live", actions=("live:view",), is_searched=False),),
    (Retention("live", 0.0),),
)
