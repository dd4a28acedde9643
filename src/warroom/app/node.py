"""A node before its processes run: its folders, its PostgreSQL, its settings and its services."""

import os
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from warroom.app.migrate import migrate
from warroom.kernel.clock import Clock, SystemClock
from warroom.kernel.command import Tools
from warroom.kernel.db import Database
from warroom.kernel.errors import WarRoomError
from warroom.kernel.nodes import NodesSettings
from warroom.kernel.postgres import Connections, EmbeddedPostgres
from warroom.kernel.services import Services
from warroom.kernel.settings import Configuration, NodeSettings, make_data_dir, make_run_dir


@dataclass(frozen=True)
class Node:
    """What every process and command of a node shares.

    Attributes:
        embedded: The PostgreSQL that we run ourselves; None where one is given by setting.
        connections: Where the roles connect.
    """

    configuration: Configuration
    settings: NodeSettings
    clock: Clock
    embedded: EmbeddedPostgres | None
    connections: Connections


RESTORING = "restoring"
"""Mark in a data folder that a restore is filling."""


class RestoreUnfinishedError(WarRoomError):
    """The data folder holds a restore that is under way, or was cut short (`folder`)."""

    code = "app.restore_unfinished"


def open_node(configuration: Configuration | None = None, *, is_restoring: bool = False) -> Node:
    """Makes the node's folders where they are missing and finds its PostgreSQL; starts nothing.

    Args:
        configuration: Its settings; those of the environment by default.
        is_restoring: Whether the caller is what restores this node.

    Raises:
        RestoreUnfinishedError: The data folder holds half a restore.
    """
    configuration = configuration or Configuration.read(os.environ)
    settings = configuration.section(NodeSettings)
    is_embedded = not settings.database_url
    make_data_dir(settings.data, lets_through=is_embedded and os.geteuid() == 0)
    if (settings.data / RESTORING).exists() and not is_restoring:
        raise RestoreUnfinishedError(folder=str(settings.data))
    run = make_run_dir(settings.run)
    if settings.database_url:
        owner = settings.database_owner_url or settings.database_url
        connections = Connections(superuser="", owner=owner, app=settings.database_url)
        return Node(configuration, settings, SystemClock(), None, connections)
    binaries = Path(settings.postgres_bin) if settings.postgres_bin else None
    embedded = EmbeddedPostgres(settings.data / "postgres", run, binaries)
    return Node(configuration, settings, SystemClock(), embedded, embedded.connections())


def media_socket(settings: NodeSettings, name: str = "") -> Path:
    """Where a recorder hands its frames on."""
    return settings.run / f"media-{name or settings.node}.sock"


def elsewhere_socket(node: Node) -> Path | None:
    """Where the frames of the city's other nodes are; None where this is the only one."""
    if not node.configuration.section(NodesSettings).port:
        return None
    return node.settings.run / "nodes.sock"


def webrtc_socket(settings: NodeSettings) -> Path:
    """Where the WebRTC process takes its orders."""
    return settings.run / "webrtc.sock"


def start_database(node: Node) -> bool:
    """Starts the embedded PostgreSQL if it is down, and brings the schema up to date.

    Returns:
        Whether it was started here, and so is ours to stop.
    """
    started = node.embedded is not None and not node.embedded.is_running()
    if node.embedded is not None:
        node.embedded.start()
    migrate(node.connections.owner)
    return started


def provider(
    node: Node, services: Callable[[Node, Database], dict[type, Any]]
) -> Callable[[], AbstractAsyncContextManager[Tools]]:
    """How commands get their tools; a PostgreSQL that was down runs as long as the command."""

    @asynccontextmanager
    async def tools() -> AsyncIterator[Tools]:
        from warroom.app.node_keys import ensure_keys  # noqa: PLC0415 - decision 51
        from warroom.identity.api import system_scope  # noqa: PLC0415 - decision 51

        started = start_database(node)
        await ensure_keys(node)
        db = Database(node.connections.app, min_size=1, max_size=4)
        await db.open()
        try:
            scope = system_scope("warroom", node.clock, door="cli")
            made = Services(services(node, db))
            yield Tools(db, node.clock, made, node.configuration, scope)
        finally:
            await db.close()
            if started and node.embedded is not None:
                node.embedded.stop()

    return tools
