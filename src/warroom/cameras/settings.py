"""Settings of the inventory."""

from typing import ClassVar

from warroom.kernel.settings import section, setting


@section
class CameraSettings:
    """How addresses are judged, when a state is no longer believed, what an import may bring."""

    SECTION: ClassVar[str] = "cameras"

    allow_loopback: bool = setting(
        False, "Whether a camera may be on this machine itself (demo, tests)."
    )
    silent_after_s: float = setting(
        30.0, "A state is unknown when its node has not reported for this long."
    )
    probe_timeout_s: float = setting(6.0, "Longest a probe of a stream may take.")
    probes_at_once: int = setting(4, "Probes that run at the same time at most.")
    ptz_timeout_s: float = setting(4.0, "Longest a turning camera may take to answer one word.")
    import_max_bytes: int = setting(16 << 20, "Largest file an import takes.")
    import_max_rows: int = setting(20_000, "Most rows an import takes.")
    city_margin_km: float = setting(
        100.0, "How far outside the city's bounds a camera may stand before it is a mistake."
    )
