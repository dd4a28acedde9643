"""`warroom trunk`: passwords of lines to operators."""

import cyclopts

from warroom.kernel.command import Tools, ask_secret, run, say
from warroom.kernel.secrets import Sealer

trunk = cyclopts.App(name="trunk", help="Lines to operators.")


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
