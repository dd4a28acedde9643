"""`warroom alerts`: bring an alert in by hand, and see what holds."""

from pathlib import Path
from typing import Any

import cyclopts
import msgspec

from warroom.alerts import api
from warroom.kernel.command import Tools, say, transact
from warroom.kernel.db import Transaction

app = cyclopts.App(name="alerts", help="Alerts (CAP 1.2) of other services and of the city.")


@app.command(name="read")
def read_file(file: Path, *, source: str = "file", json: bool = False) -> None:
    """Takes in an alert that lies in a file; the same again changes nothing.

    Example: warroom alerts read peringatan.xml --source BMKG

    Args:
        file: The alert, CAP 1.2.
        source: Whose word it is; of the same source an update or cancel finds what it speaks of.
        json: Print one JSON object.

    Raises:
        SystemExit: It was refused; why is printed.
    """
    content = file.read_bytes()

    async def work(tools: Tools, tx: Transaction) -> api.Outcome:
        taker = tools.services[api.Taker]
        return await api.take_in(taker, tools.scope, tx, source, content, file.name)

    outcome = transact(work)
    told = {"how": outcome.how, "id": outcome.alert_id}
    if outcome.how == "refused":
        told |= {"problem": outcome.problem, "detail": outcome.detail}
    say(told, as_json=json, text=" ".join(str(one) for one in told.values() if one))
    if outcome.how == "refused":
        raise SystemExit(1)


@app.command(name="list")
def list_alerts(*, json: bool = False) -> None:
    """Lists alerts that hold or will hold.

    Example: warroom alerts list --json

    Args:
        json: Print one JSON object.
    """

    async def work(tools: Tools, tx: Transaction) -> list[dict[str, Any]]:
        return await api.show_in_force(tools.scope, tx)

    items = transact(work)
    lines = [
        "\t".join(
            [
                one["source"],
                one["severity"],
                one["until"],
                (one["body"]["infos"] or [{"headline": ""}])[0]["headline"],
            ]
        )
        for one in items
    ]
    say({"items": msgspec.to_builtins(items)}, as_json=json, text="\n".join(lines))
