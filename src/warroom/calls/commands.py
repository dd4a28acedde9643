"""The `warroom calls` process, and `warroom trunk`."""

from pathlib import Path

import cyclopts

from warroom.calls.settings import CallSettings
from warroom.kernel.clock import Clock
from warroom.kernel.command import Tools, ask_secret, run, say
from warroom.kernel.secrets import Sealer

trunk = cyclopts.App(name="trunk", help="Lines to operators.")


def run_calls(
    settings: CallSettings, sealer: Sealer, data: Path, socket: Path, clock: Clock
) -> None:
    """Runs the calls process until SIGTERM or SIGINT.

    Args:
        settings: Trunks, ports and times.
        sealer: Opens the passwords of trunks.
        data: Folder of this node's data.
        socket: Where `serve` commands it.
        clock: For times.
    """
    # The WebRTC library with its threads is loaded in this process and in no other.
    from warroom.calls.edge.process import run as run_edge  # noqa: PLC0415

    run_edge(settings, sealer, data, socket, clock)


@trunk.command
def seal(name: str, *, json: bool = False) -> None:
    """Seals a trunk's password for the settings. Example: `warroom trunk seal telkom`.

    The password is asked for; what is printed goes into `secret` of that trunk in `warroom.toml`
    and is of no use without this node's key.

    Args:
        name: Name of the trunk.
        json: One JSON object instead of the bare text.
    """
    from warroom.calls.edge.trunks import seal as sealed  # noqa: PLC0415 - heavy

    password = ask_secret("Password: ")

    async def work(tools: Tools) -> str:
        return sealed(tools.services[Sealer], name, password)

    secret = run(work)
    say({"name": name, "secret": secret}, as_json=json, text=secret)
