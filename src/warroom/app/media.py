"""The `media` process: records this node's cameras and hands their pictures on.

It loads what it needs and no more of the product: a recorder that died is back sooner
(decision 51).
"""

from pathlib import Path

from warroom.app.node import Node, open_node
from warroom.app.processes import die_with_parent_if_supervised
from warroom.cameras import api as cameras
from warroom.cameras.contracts import StreamConfig
from warroom.identity import api as identity
from warroom.kernel.db import Database, Transaction
from warroom.kernel.nodes import CityKeys
from warroom.kernel.scope import Scope
from warroom.kernel.secrets import Sealer
from warroom.places import api as places
from warroom.recording import api as recording
from warroom.recording import commands as recording_commands

CAMERAS_MOST = 2_000
"""Cameras that one recorder takes at most: more than a node's disks can write."""


def media(*, node: str = "") -> None:
    """Records this node's cameras and hands their pictures on.

    Example: warroom media --node rec-1

    Args:
        node: Name of the node, if not the one in the settings.
    """
    die_with_parent_if_supervised()
    run_media(open_node(), node)


def run_media(node: Node, name: str) -> None:
    """The recorder of this node, until it is told to stop."""
    name = name or node.settings.node
    keys = CityKeys(node.settings.data, name)
    if not keys.is_there:
        from warroom.app.node_keys import require_keys  # noqa: PLC0415 - once in a node's life

        require_keys(node)
    inventory = inventory_of(node)
    recorder = node.configuration.section(recording.RecordingSettings)

    async def claim(scope: Scope, tx: Transaction) -> list[StreamConfig]:
        # A camera whose login cannot be opened here is another node's to record.
        await keys.confirm(tx)
        return await cameras.claim_streams(inventory, scope, tx, name, CAMERAS_MOST)

    recording_commands.run_media(
        node=name,
        data=node.settings.data,
        run=node.settings.run,
        settings=recorder,
        sealer=inventory.sealer,
        gateway=lambda: recording.camera_gateway(
            Database(node.connections.app, max_size=2),
            lambda: identity.system_scope(f"media {name}", node.clock),
            name,
            claim,
            lambda scope, tx, reports: cameras.report_states(inventory, scope, tx, reports),
            [Path(disk.path) for disk in recorder.disk_list(node.settings.data)],
        ),
    )


def inventory_of(node: Node) -> cameras.Inventory:
    """What the use cases of cameras work with on this node."""
    return cameras.Inventory(
        Sealer.at(node.settings.data / "keys" / "seal.key"),
        places.open_atlas(node.settings),
        node.configuration.section(cameras.CameraSettings),
        node.clock,
    )
