"""The `serve` process: the web server."""

import asyncio
import gc
import signal

import uvloop
from granian.constants import Interfaces
from granian.server.embed import Server

from warroom.app import wiring
from warroom.app.asgi import create_app
from warroom.app.node import Node, open_node
from warroom.app.node_keys import ensure_keys
from warroom.app.processes import die_with_parent_if_supervised, require_free_port
from warroom.kernel import memory


def serve() -> None:
    """Runs the web server: pages, interface, event socket, live and recorded pictures.

    Example: warroom serve
    """
    die_with_parent_if_supervised()
    node = open_node()
    require_free_port(node.settings)
    memory.keep_giving_back()
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        runner.run(_serve(node))


async def _serve(node: Node) -> None:
    await ensure_keys(node)
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
