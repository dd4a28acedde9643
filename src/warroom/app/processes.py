"""The processes of a node, and `up`, which runs them all."""

import asyncio
import os
import signal
import socket

from warroom.app.node import open_node, start_database
from warroom.app.supervisor import Process, Supervisor, die_with_parent
from warroom.kernel.errors import WarRoomError
from warroom.kernel.settings import NodeSettings


class PortTakenError(WarRoomError):
    """Another program listens on this port already (`host`, `port`)."""

    code = "app.port_taken"


def die_with_parent_if_supervised() -> None:
    """Ties this process to its supervisor's life."""
    if os.environ.get("WARROOM_SUPERVISED"):
        die_with_parent()


def require_free_port(settings: NodeSettings) -> None:
    """Refuses to start where another program listens.

    Raises:
        PortTakenError: The port is taken.
    """
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((settings.host, settings.port))
        except OSError as error:
            raise PortTakenError(host=settings.host, port=settings.port) from error


PROCESSES = [
    Process("calls", ("warroom.app.calls",)),
    Process("media", ("warroom.app", "media")),
    Process("serve", ("warroom.app", "serve")),
    Process("webrtc", ("warroom.app", "webrtc")),
]


def up() -> None:
    """Runs all processes of this node until Ctrl-C. Example: `warroom up`.

    The embedded PostgreSQL, where it is ours, is started before and stopped behind them.

    Raises:
        PortTakenError: The web server's port is taken.
    """
    node = open_node()
    require_free_port(node.settings)
    start_database(node)
    try:
        asyncio.run(_keep(Supervisor(PROCESSES, node.settings.data / "log", node.clock)))
    finally:
        if node.embedded is not None:
            node.embedded.stop()


async def _keep(supervisor: Supervisor) -> None:
    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        loop.add_signal_handler(number, supervisor.stop)
    await supervisor.run()
