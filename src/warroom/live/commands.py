"""The `warroom webrtc` process."""

from pathlib import Path

from warroom.kernel.clock import Clock
from warroom.live.settings import LiveSettings


def run_webrtc(
    media_socket: Path,
    control_socket: Path,
    settings: LiveSettings,
    clock: Clock,
    elsewhere_socket: Path | None = None,
) -> None:
    """Runs the WebRTC process until SIGTERM or SIGINT.

    Args:
        media_socket: Fan-out socket of this node's recorder.
        control_socket: Where offers are taken.
        settings: Limits and addresses.
        clock: For times.
        elsewhere_socket: Fan-out of the city's other nodes; None where this is the only one.
    """
    # The library with its threads is loaded in this process and in no other.
    from warroom.live.webrtc.process import run  # noqa: PLC0415

    run(media_socket, control_socket, settings, clock, elsewhere_socket)
