"""Who may close a road: decision 50."""

from tests.traffic.world import EVERYTHING
from warroom.kernel.db import Database

CLOSERS = {"petugas_lalin"}


async def presets(db: Database) -> dict[str, set[str]]:
    async with db.transaction(EVERYTHING) as tx:
        rows = await (await tx.execute("select name, actions from role where is_preset")).fetchall()
    return {row["name"]: set(row["actions"]) for row in rows}


async def test_only_traffic_officers_close_roads(db: Database) -> None:
    roles = await presets(db)

    closers = {name for name, words in roles.items() if words & {"traffic:close", "traffic:*"}}
    assert CLOSERS == closers
    assert {"*"} <= roles["admin_sistem"]


async def test_a_traffic_officer_can_do_what_one_who_operates_can(db: Database) -> None:
    roles = await presets(db)

    # What the city warns of, and what is known of a building, is written by others.
    able = roles["operate"] - {"alert:write", "incident:premises"}
    assert able | {"traffic:close", "dispatch:send"} == roles["petugas_lalin"]
    senders = {"petugas_lalin", "pengendali_112", "pengawas_112"}
    assert senders == {name for name in roles if "dispatch:send" in roles[name]}


async def test_whoever_saw_and_reported_still_does(db: Database) -> None:
    roles = await presets(db)

    for name in ("manage", "supervisor", "configure", "admin_lembaga"):
        assert {"traffic:view", "traffic:report"} <= roles[name], name
