"""The `calls` process: takes calls from trunks; it loads that and no more (decision 51).

Run by the supervisor as a module, past the command line and the database's driver: how long that
takes to load is how long callers hear nothing when a process died in mid-call.
"""

import os
from pathlib import Path

from warroom.app.supervisor import die_with_parent
from warroom.calls import commands
from warroom.calls.settings import CallSettings
from warroom.kernel import log
from warroom.kernel.clock import SystemClock
from warroom.kernel.secrets import Sealer
from warroom.kernel.settings import Configuration, NodeSettings, make_data_dir, make_run_dir


def calls_socket(settings: NodeSettings) -> Path:
    """Where the calls process takes its orders."""
    return settings.run / "calls.sock"


def calls() -> None:
    """Takes calls from trunks to agents and records them. Example: `warroom calls`."""
    if os.environ.get("WARROOM_SUPERVISED"):
        die_with_parent()
    configuration = Configuration.read(os.environ)
    settings = configuration.section(NodeSettings)
    is_embedded = not settings.database_url
    make_data_dir(settings.data, lets_through=is_embedded and os.geteuid() == 0)
    make_run_dir(settings.run)
    commands.run_calls(
        configuration.section(CallSettings),
        Sealer.at(settings.data / "keys" / "seal.key"),
        settings.data,
        calls_socket(settings),
        SystemClock(),
    )


if __name__ == "__main__":
    log.configure(Configuration.read(os.environ).section(log.LogSettings))
    calls()
