"""Whether this node has the city's keys, asked before a process or a command works with them."""

import asyncio
import socket

from psycopg.errors import UndefinedTable

from warroom.app.node import Node
from warroom.identity import api as identity
from warroom.kernel.db import Database, DatabaseAwayError
from warroom.kernel.log import logger
from warroom.kernel.nodes import CityKeys, NodesSettings
from warroom.kernel.peers import Peers, Roster
from warroom.kernel.scope import Scope

WAIT_S = 2.0


def city_keys(node: Node) -> CityKeys:
    """The city's keys as this node has them."""
    settings = node.configuration.section(NodesSettings)
    return CityKeys(node.settings.data, node.settings.node, address_of(settings))


def address_of(settings: NodesSettings) -> str:
    """Where other nodes reach this one; empty where it answers none."""
    if not settings.port:
        return ""
    return settings.address or f"{socket.gethostname()}:{settings.port}"


def roster_of(node: Node, db: Database) -> Roster:
    """Who the nodes of the city are, as this node is told."""

    def scope() -> Scope:
        return identity.system_scope(f"nodes {node.settings.node}", node.clock)

    return Roster(city_keys(node), db, scope, node.clock)


def peers_of(node: Node, db: Database) -> Peers | None:
    """The other nodes; None where this is the only one."""
    settings = node.configuration.section(NodesSettings)
    return Peers(roster_of(node, db), settings) if settings.port else None


async def ensure_keys(node: Node) -> None:
    """Makes this node one of the city's, or refuses to go on with keys that are not the city's.

    A node that has keys starts while PostgreSQL is away, or has an older schema.

    Raises:
        NotJoinedError: The city has keys, and this node has not.
        DatabaseAwayError: It has no keys, and nobody can say whether the city has.
        UndefinedTable: It has no keys, and the schema is older than they are.
    """
    keys = city_keys(node)
    db = Database(node.connections.app, max_size=1, wait_s=WAIT_S)
    await db.open()
    try:
        async with db.transaction(identity.system_scope("keys", node.clock)) as tx:
            await keys.ensure(tx, node.clock.now())
    except (DatabaseAwayError, UndefinedTable) as error:
        if not keys.is_there:
            raise
        logger("app.node").warning("keys_not_compared", error=type(error).__name__)
    finally:
        await db.close()


def require_keys(node: Node) -> None:
    """As `ensure_keys`, for who has no loop yet."""
    asyncio.run(ensure_keys(node))
