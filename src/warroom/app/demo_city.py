"""What is in the product when the demo begins: agencies, people, cameras, premises; ways in."""

from dataclasses import replace
from pathlib import Path

from warroom.app.media import inventory_of
from warroom.app.node import Node
from warroom.cameras import api as cameras
from warroom.identity import api as identity
from warroom.incidents import api as incidents
from warroom.kernel.db import Database, Transaction
from warroom.kernel.scope import Scope
from warroom.kernel.secrets import Sealer
from warroom.live import contracts as _live  # noqa: F401 - declares words that the sample lends
from warroom.places.api import Atlas
from warroom.recording import contracts as _recording  # noqa: F401 - the same

PREMISES_BY = "Damkar"
"""Short name of the agency that keeps the premises of the demo."""


async def seed_demo(node: Node, sites: bytes, premises: bytes) -> None:
    """Puts agencies, people, cameras and premises of the simulated city in place.

    Twice does no harm: what is there and is told the same stays as it is.
    """
    db = Database(node.connections.app)
    await db.open()
    scope = identity.system_scope("demo", node.clock, door="cli")
    inventory = inventory_of(node)
    try:
        async with db.transaction(scope) as tx:
            await identity.ensure_sample(scope, tx)
        async with db.transaction(scope) as tx:
            await cameras.import_cameras(inventory, scope, tx, sites, dry_run=False)
        async with db.transaction(scope) as tx:
            await seed_premises(node.settings.city, scope, tx, premises)
    finally:
        await db.close()


async def seed_premises(
    city: Path, scope: Scope, tx: Transaction, content: bytes
) -> incidents.PremiseReport:
    """Lets an agency of the demo keep these premises; twice does no harm."""
    agency_id = await identity.require_agency_id(scope, tx, PREMISES_BY)
    keeper = replace(scope, agency_id=agency_id)
    return await incidents.import_premises(
        Atlas(city), keeper, tx, content, dry_run=False, now=scope.at
    )


def demo_owners() -> list[str]:
    """Agencies whose people show themselves in the demo, those that were lent nothing first."""
    lent = {agency for agency, *_ in identity.SAMPLE_GRANTS}
    agencies = dict.fromkeys(agency for _, _, _, agency, _, _ in identity.SAMPLE_PEOPLE)
    return sorted(agencies, key=lambda agency: agency in lent)


async def demo_links(node: Node) -> list[tuple[str, str]]:
    """A one-time way in for each person of the demo: what to call them, and the secret."""
    db = Database(node.connections.app)
    await db.open()
    sealer = Sealer.at(node.settings.data / "keys" / "seal.key")
    made = identity.services(node.configuration, db, node.clock, sealer)
    doorkeeper = made[identity.Doorkeeper]
    try:
        return [
            (
                f"{title}, {agency}",
                await doorkeeper.create_link(
                    identity.system_scope("demo", node.clock, door="cli"), login, 86_400
                ),
            )
            for login, _, title, agency, _, _ in identity.SAMPLE_PEOPLE
        ]
    finally:
        await db.close()
