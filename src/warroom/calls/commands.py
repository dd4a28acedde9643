"""The `warroom calls` process; nothing is loaded here that it does not need."""

from pathlib import Path

from warroom.calls.settings import CallSettings
from warroom.kernel.clock import Clock
from warroom.kernel.secrets import Sealer


def run_calls(
    settings: CallSettings, sealer: Sealer, data: Path, socket: Path, clock: Clock
) -> None:
    """Runs the calls process until SIGTERM or SIGINT.

    Args:
        settings: Trunks, ports and times.
        sealer: Opens the passwords of trunks.
        data: Folder of this node's data.
        socket: Where `serve` commands it.
        clock: For times.
    """
    # The WebRTC library with its threads is loaded in this process and in no other.
    from warroom.calls.edge.process import run as run_edge  # noqa: PLC0415

    run_edge(settings, sealer, data, socket, clock)
