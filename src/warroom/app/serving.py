"""The `serve` process: the web server."""

import asyncio
import gc
import signal

import uvloop

from warroom.app import wiring
from warroom.app.asgi import create_app
from warroom.app.connections import Connections, WebSettings
from warroom.app.forwarded import Proxies, read_address
from warroom.app.node import Node, open_node
from warroom.app.node_keys import ensure_keys
from warroom.app.processes import (
    PortTakenError,
    die_with_parent_if_supervised,
    require_free_port,
)
from warroom.app.web_server import WebServer, listen
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
    try:
        listener = listen(node.settings.host, node.settings.port)
    except OSError as error:
        raise PortTakenError(host=node.settings.host, port=node.settings.port) from error
    settings, proxies = node.configuration.section(WebSettings), Proxies.read(node.settings)

    def is_proxy(host: str) -> bool:
        address = read_address(host)
        return address is not None and proxies.trusts(address)

    server = WebServer(application, listener, settings, Connections(settings, is_proxy))
    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, server.stop)
    await server.run_until_stopped()
