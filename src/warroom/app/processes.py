"""The processes of a node: `serve`, `media`, `webrtc`, and `up`, which runs them all."""

import asyncio
import gc
import os
import signal
import socket

import uvloop
from granian.constants import Interfaces
from granian.server.embed import Server

from warroom.app import wiring
from warroom.app.asgi import create_app
from warroom.app.node import Node, open_node, start_database
from warroom.app.supervisor import Process, Supervisor, die_with_parent
from warroom.kernel.errors import WarRoomError
from warroom.kernel.settings import NodeSettings


class PortTakenError(WarRoomError):
    """Another program listens on this port already (`host`, `port`)."""

    code = "app.port_taken"


def serve() -> None:
    """Runs the web server: pages, interface, event socket, live and recorded pictures.

    Example: warroom serve
    """
    die_with_parent_if_supervised()
    node = open_node()
    require_free_port(node.settings)
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        runner.run(_serve(node))


async def _serve(node: Node) -> None:
    application = create_app(wiring.wire(node))
    # What was loaded stays until the end: a full collection that walks it takes 0.1 s, in which
    # nobody is answered.
    gc.collect()
    gc.freeze()
    server = Server(
        application,
        address=node.settings.host,
        port=node.settings.port,
        interface=Interfaces.ASGI,
        backlog=1024,
        log_enabled=False,
    )
    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, server.stop)
    await server.serve()


def media(*, node: str = "") -> None:
    """Records this node's cameras and hands their pictures on.

    Example: warroom media --node rec-1

    Args:
        node: Name of the node, if not the one in the settings.
    """
    die_with_parent_if_supervised()
    wiring.run_media(open_node(), node)


def webrtc() -> None:
    """Serves live pictures over WebRTC. Example: `warroom webrtc`."""
    die_with_parent_if_supervised()
    wiring.run_webrtc(open_node())


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
    Process("media", ("warroom.app", "media")),
    Process("serve", ("warroom.app", "serve")),
    Process("webrtc", ("warroom.app", "webrtc")),
]


def run_up(node: Node) -> None:
    """Starts the embedded PostgreSQL where it is ours, keeps all processes, stops all at the end.

    Raises:
        PortTakenError: The web server's port is taken.
    """
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
