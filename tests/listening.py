"""Waits until somebody hears: what is told before is missed, and a pause proves nothing."""

import asyncio

from warroom.kernel.db import Database
from warroom.kernel.realtime import Hub
from warroom.kernel.scope import Scope

PATIENCE_S = 20.0

_LISTENERS = """
select count(*) as n from pg_stat_activity where datname = current_database() and query = %(said)s
"""


async def until_listened(db: Database, scope: Scope, channel: str, sessions: int = 1) -> None:
    """Returns once so many sessions listen on a channel."""
    said = {"said": f"listen {channel}"}
    async with asyncio.timeout(PATIENCE_S):
        while True:
            async with db.transaction(scope) as tx:
                row = await (await tx.execute(_LISTENERS, said)).fetchone()
            if row is not None and row["n"] >= sessions:
                return
            await asyncio.sleep(0.01)


async def until_begun(hub: Hub) -> None:
    """Returns once a hub hands on what is published from here on."""
    async with asyncio.timeout(PATIENCE_S):
        while hub._begin is None:
            await asyncio.sleep(0.01)
