"""The processes of a node, and `up`, which runs them all."""

import asyncio
import os
import signal
import socket

import psycopg

from warroom.app.backup.wal import keep_wal
from warroom.app.node import Node, open_node, start_database
from warroom.app.node_keys import require_keys
from warroom.app.supervisor import Process, Supervisor, die_with_parent
from warroom.kernel.errors import WarRoomError
from warroom.kernel.log import LogSettings, logger
from warroom.kernel.nodes import NodesSettings
from warroom.kernel.postgres import PostgresError
from warroom.kernel.settings import NodeSettings

DATABASE_LOOK_S = 0.5


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
    # One of them takes the calls; the other is loaded and waits for it to die.
    Process("calls", ("warroom.app.calls",)),
    Process("calls-standby", ("warroom.app.calls",)),
    Process("media", ("warroom.app", "media")),
    Process("serve", ("warroom.app", "serve")),
    Process("webrtc", ("warroom.app", "webrtc")),
]


NODE_DOOR = Process("nodes", ("warroom.app", "node", "serve"))


def processes_of(node: Node) -> list[Process]:
    """The processes of a node; one that is not alone answers the others too."""
    has_others = bool(node.configuration.section(NodesSettings).port)
    return [*PROCESSES, NODE_DOOR] if has_others else PROCESSES


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
        require_keys(node)
        asyncio.run(_keep(node, supervisor_of(node, processes_of(node))))
    finally:
        if node.embedded is not None:
            node.embedded.stop()


def supervisor_of(node: Node, processes: list[Process]) -> Supervisor:
    """Keeps these processes; their logs, and that of our PostgreSQL, lie in the node's folder."""
    others = () if node.embedded is None else (node.embedded.log_file,)
    settings = node.configuration.section(LogSettings)
    return Supervisor(processes, node.settings.data / "log", node.clock, settings, others)


async def _keep(node: Node, supervisor: Supervisor) -> None:
    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        loop.add_signal_handler(number, supervisor.stop)
    watches = [asyncio.create_task(keep_database(node)), asyncio.create_task(keep_wal(node))]
    await supervisor.run()
    for watch in watches:
        watch.cancel()
    await asyncio.gather(*watches, return_exceptions=True)


async def keep_database(node: Node) -> None:
    """Starts our own PostgreSQL again where it died; another's is not ours.

    Raises:
        CancelledError: It is to end.
    """
    embedded = node.embedded
    while embedded is not None:
        await asyncio.sleep(DATABASE_LOOK_S)
        if embedded.is_running():
            continue
        logger("app.processes").warning("database_ended")
        starting = asyncio.create_task(asyncio.to_thread(embedded.start))
        try:
            await asyncio.shield(starting)
        except (PostgresError, psycopg.Error, OSError) as error:  # tried again
            logger("app.processes").error("database_not_started", exc_info=error)
        except asyncio.CancelledError:
            # One that is half started could not be stopped.
            await asyncio.gather(starting, return_exceptions=True)
            raise
