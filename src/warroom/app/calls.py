"""The `calls` process: takes calls from trunks; it loads that and no more (decision 51)."""

from warroom.app.node import calls_socket, open_node
from warroom.app.processes import die_with_parent_if_supervised
from warroom.calls import commands
from warroom.calls.settings import CallSettings
from warroom.kernel.secrets import Sealer


def calls() -> None:
    """Takes calls from trunks to agents and records them. Example: `warroom calls`."""
    die_with_parent_if_supervised()
    node = open_node()
    commands.run_calls(
        node.configuration.section(CallSettings),
        Sealer.at(node.settings.data / "keys" / "seal.key"),
        node.settings.data,
        calls_socket(node.settings),
        node.clock,
    )
