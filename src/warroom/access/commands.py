"""`warroom request` and `warroom review`: lent access, from the machine itself."""

from typing import Any
from uuid import UUID

import cyclopts

from warroom.access import api
from warroom.identity import api as identity
from warroom.kernel.command import Tools, say, transact
from warroom.kernel.db import Transaction

request = cyclopts.App(name="request", help="Requests across agencies: list them.")
review = cyclopts.App(name="review", help="Reviews of rights: list them, open one.")


@request.command(name="list")
def list_requests(*, ended: bool = False, json: bool = False) -> None:
    """Lists requests with their state.

    Example: warroom request list --ended --json

    Args:
        ended: Those that are over as well.
        json: Print one JSON object.
    """

    async def work(tools: Tools, tx: Transaction) -> dict[str, Any]:
        return await api.list_requests(tools.scope, tx, after=None, limit=500, with_ended=ended)

    page = transact(work)
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


@review.command(name="list")
def list_reviews(*, json: bool = False) -> None:
    """Lists reviews of rights and how far they are.

    Example: warroom review list --json

    Args:
        json: Print one JSON object.
    """

    async def work(tools: Tools, tx: Transaction) -> list[dict[str, Any]]:
        return await api.list_reviews(tools.scope, tx)

    found = transact(work)
    lines = [
        f"{item['agency_label']}\t{item['due_at']:%Y-%m-%d}\t{item['open']}/{item['total']}"
        for item in found
    ]
    say({"items": found, "total": len(found)}, as_json=json, text="\n".join(lines))


@review.command(name="open")
def open_review(agency: str, *, json: bool = False) -> None:
    """Opens a review of an agency's rights before its time.

    Example: warroom review open Dishub

    Args:
        agency: Short name of the agency.
        json: Print one JSON object.
    """

    async def work(tools: Tools, tx: Transaction) -> UUID:
        settings = tools.configuration.section(api.AccessSettings)
        agency_id = await identity.require_agency_id(tools.scope, tx, agency)
        return await api.open_review(tools.scope, tx, agency_id, settings)

    review_id = transact(work)
    say({"id": review_id}, as_json=json, text=str(review_id))
