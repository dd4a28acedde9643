"""`warroom node`: the nodes of a city."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from datetime import timedelta
from typing import Any

import cyclopts

from warroom.app.node import Node, open_node, start_database
from warroom.app.node_keys import city_keys
from warroom.audit import api as audit
from warroom.identity import api as identity
from warroom.kernel import nodes
from warroom.kernel.command import ask_secret, say
from warroom.kernel.db import Database, Transaction
from warroom.kernel.i18n import language_of_terminal, text
from warroom.kernel.scope import Scope

app = cyclopts.App(name="node", help="The nodes of this city: invite, join, list, remove.")

app.command("warroom.app.node_door:serve", name="serve")

INVITE_HOURS = 24.0


@app.command
def invite(*, hours: float = 1.0, json: bool = False) -> None:
    """Makes a secret by which one new node joins, once. Example: `warroom node invite --hours 2`.

    Who has it and reaches the database has the city's keys: pass it on as you would a password.

    Args:
        hours: How long it can be used (at most 24).
        json: One JSON object instead of the secret alone.
    """
    lasts = timedelta(hours=min(max(hours, 1 / 60), INVITE_HOURS))

    async def work(node: Node, scope: Scope, tx: Transaction) -> dict[str, Any]:
        now = node.clock.now()
        secret = await city_keys(node).invite(tx, now, lasts)
        await _tell(scope, tx, "invited", node.settings.node)
        return {"secret": secret, "expires_at": now + lasts}

    made = _transact(work)
    say(made, as_json=json, text=made["secret"])


@app.command
def join(*, json: bool = False) -> None:
    """Makes this machine a node of the city; asks for the secret, or reads it as one line.

    Example: warroom node join. It needs WARROOM_DATABASE_URL and a WARROOM_NODE of its own, and the
    secret that `warroom node invite` printed on a node of the city.

    Args:
        json: One JSON object instead of a sentence.
    """
    secret = ask_secret("Secret: ")

    async def work(node: Node, scope: Scope, tx: Transaction) -> str:
        await city_keys(node).join(tx, node.clock.now(), secret)
        await _tell(scope, tx, "joined", node.settings.node)
        return node.settings.node

    name = _transact(work)
    sentence = text(language_of_terminal(), "app.node_joined", node=name)
    say({"node": name}, as_json=json, text=sentence)


@app.command(name="list")
def list_nodes(*, json: bool = False) -> None:
    """Lists the nodes of the city. Example: `warroom node list --json`.

    Args:
        json: One JSON object instead of lines.
    """

    async def work(node: Node, scope: Scope, tx: Transaction) -> list[dict[str, Any]]:
        del scope
        return [
            {
                "name": known.name,
                "address": known.address,
                "joined_at": known.joined_at,
                "fingerprint": known.fingerprint.hex(),
            }
            for known in await city_keys(node).list_known(tx)
        ]

    items = _transact(work)
    lines = (f"{i['name']:20} {i['address'] or '-':30} {i['fingerprint'][:16]}" for i in items)
    say({"items": items}, as_json=json, text="\n".join(lines))


@app.command
def remove(name: str, *, json: bool = False) -> None:
    """Makes a node a stranger to the others. Example: `warroom node remove rec-2`.

    It still has the city's keys: when its machine was stolen, change the password of the database.

    Args:
        name: Name of the node.
        json: One JSON object instead of a sentence.
    """

    async def work(node: Node, scope: Scope, tx: Transaction) -> None:
        del node
        await nodes.remove_node(tx, name)
        await _tell(scope, tx, "removed", name)

    _transact(work)
    sentence = text(language_of_terminal(), "app.node_removed", node=name)
    say({"node": name}, as_json=json, text=sentence)


async def _tell(scope: Scope, tx: Transaction, change: str, name: str) -> None:
    await audit.record(
        scope, tx, action=f"node:{change}", object_kind="node", object_id=name, agency_id=None,
        object_label=name,
    )  # fmt: skip


def _transact[T](work: Callable[[Node, Scope, Transaction], Awaitable[T]]) -> T:
    """Runs `work(node, scope, tx)` in one transaction of this node's database.

    It does not ask first whether this node has joined, as other commands do.
    """
    node = open_node()
    started = start_database(node)

    async def whole() -> T:
        async with _database(node) as db:
            scope = identity.system_scope("warroom node", node.clock, door="cli")
            async with db.transaction(scope) as tx:
                return await work(node, scope, tx)

    try:
        return asyncio.run(whole())
    finally:
        if started and node.embedded is not None:
            node.embedded.stop()


@asynccontextmanager
async def _database(node: Node) -> AsyncIterator[Database]:
    db = Database(node.connections.app, max_size=1)
    await db.open()
    try:
        yield db
    finally:
        await db.close()
