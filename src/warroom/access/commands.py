"""`warroom request`: requests across agencies, from the machine itself."""

from typing import Any

import cyclopts

from warroom.access import api
from warroom.kernel.command import Tools, run, say

request = cyclopts.App(name="request", help="Requests across agencies: list them.")
apps = [request]


@request.command(name="list")
def list_requests(*, ended: bool = False, json: bool = False) -> None:
    """Lists requests with their state.

    Example: warroom request list --ended --json

    Args:
        ended: Those that are over as well.
        json: Print one JSON object.
    """

    async def work(tools: Tools) -> dict[str, Any]:
        async with tools.db.transaction(tools.scope) as tx:
            return await api.list_requests(tools.scope, tx, after=None, limit=500, with_ended=ended)

    page = run(work)
    lines = [
        "\t".join(
            (
                item["number"] or "-",
                item["status"],
                item["from"]["name"],
                ", ".join(owner["name"] for owner in item["owners"]),
                item["ends_at"].isoformat(timespec="minutes"),
                item["purpose"],
            )
        )
        for item in page["items"]
    ]
    say(page, as_json=json, text="\n".join(lines))
