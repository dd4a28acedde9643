"""Settings of live view."""

from typing import ClassVar

from warroom.kernel.settings import section, setting


@section
class LiveSettings:
    """How many may look, and how much a slow one may hold back."""

    SECTION: ClassVar[str] = "live"

    viewers_max: int = setting(2000, "Viewers of this node at once; more are refused.")
    viewers_per_person: int = setting(
        256, "Pictures and sounds that one person is shown at once over WebSockets."
    )
    viewers_per_address: int = setting(
        1024, "Pictures and sounds that go to one network address at once over WebSockets."
    )
    viewer_queue_bytes: int = setting(
        8_000_000, "Bytes that may wait for one viewer before it is dropped to live."
    )
    viewer_queue_frames: int = setting(
        75, "Frames that may wait for one viewer before it is dropped to live."
    )
    gop_bytes: int = setting(
        16_000_000, "Bytes of the running GOP kept for new viewers; longer GOPs are not kept."
    )
    crowd: int = setting(
        32, "With more viewers than this on one stream, two frames go out as one message."
    )
    linger_s: float = setting(10.0, "Seconds a camera is still followed after its last viewer.")
    recheck_s: float = setting(10.0, "Seconds between two looks at a viewer's rights.")
    snapshot_workers: int = setting(2, "Pictures decoded at once.")
    snapshot_wait_s: float = setting(2.5, "Seconds a snapshot waits for a key frame.")
    snapshot_audit_s: float = setting(
        300.0, "One audit row per person and camera for all snapshots within these seconds."
    )
    webrtc_bind_address: str = setting("", "Address WebRTC sends from; empty means every one.")
    webrtc_port_begin: int = setting(0, "First UDP port for WebRTC; 0 lets the system choose.")
    webrtc_port_end: int = setting(0, "Last UDP port for WebRTC; 0 lets the system choose.")
    webrtc_viewers_max: int = setting(400, "WebRTC viewers of this node at once.")
    webrtc_opening_max: int = setting(
        64, "WebRTC viewers that have not connected yet; one more costs the oldest of them."
    )
    webrtc_per_person: int = setting(64, "WebRTC viewers of one person at once.")
    webrtc_per_address: int = setting(256, "WebRTC viewers of one network address at once.")
