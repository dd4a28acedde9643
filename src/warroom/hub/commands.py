"""`warroom webhook`: endpoints of agencies that are told of events."""

from datetime import timedelta
from typing import Any
from uuid import UUID

import cyclopts
import msgspec

from warroom.hub import api
from warroom.identity import api as identity
from warroom.kernel.command import Tools, run, say, transact
from warroom.kernel.db import Transaction
from warroom.kernel.errors import NotFoundError

app = cyclopts.App(name="webhook", help="Webhooks: endpoints that are told of events.")


@app.command(name="add")
def add_webhook(
    *, application: str, name: str, url: str, kind: list[str], json: bool = False
) -> None:
    """Makes a webhook of a service account; its secret is printed once and kept sealed.

    Example: warroom webhook add --application Peta --name peta --url https://dishub.example/hook
    --kind camera.state_changed

    Args:
        application: Name or id of the service account.
        name: What it is for.
        url: The endpoint.
        kind: A kind of event; may be given several times.
        json: Print one JSON object.
    """

    async def work(tools: Tools, tx: Transaction) -> dict[str, Any]:
        account_id = await _application_id(tools, tx, application)
        webhook_id, secret = await tools.services[api.Webhooks].create(
            tools.scope, tx, application_id=account_id, name=name, url=url, kinds=kind
        )
        return {"id": webhook_id, "secret": secret}

    made = transact(work)
    say(made, as_json=json, text=made["secret"])


@app.command(name="list")
def list_webhooks(*, json: bool = False) -> None:
    """Lists webhooks and how they do.

    Example: warroom webhook list --json

    Args:
        json: Print one JSON object.
    """

    async def work(tools: Tools, tx: Transaction) -> bytes:
        return await api.list_webhooks(tools.scope, tx)

    page = msgspec.json.decode(transact(work))
    lines = [
        "\t".join(
            [
                item["id"],
                item["agency"]["short"],
                item["name"],
                item["url"],
                ",".join(item["kinds"]),
                f"pending {item['pending']}, parked {item['parked']}, lost {item['lost']}",
            ]
        )
        for item in page["items"]
    ]
    say(page, as_json=json, text="\n".join(lines))


@app.command(name="test")
def send_test(webhook_id: UUID, *, json: bool = False) -> None:
    """Sends a signed event that tells of nothing, once.

    Example: warroom webhook test 0199e9f0-0000-7000-8000-000000000000

    Args:
        webhook_id: Which.
        json: Print one JSON object.
    """

    async def work(tools: Tools) -> dict[str, Any]:
        async with tools.db.transaction(tools.scope) as tx:
            endpoint = await tools.services[api.Webhooks].endpoint_to_test(
                tools.scope, tx, webhook_id
            )
        return await api.send_test(tools.services[api.Sender], endpoint, tools.scope)

    went = run(work)
    say(went, as_json=json, text=f"{went['status'] or went['why']}")


@app.command(name="rotate")
def rotate_secret(webhook_id: UUID, *, overlap_hours: float = 24, json: bool = False) -> None:
    """Makes a new secret, printed once; both sign until the overlap is over.

    Example: warroom webhook rotate 0199e9f0-0000-7000-8000-000000000000 --overlap-hours 48

    Args:
        webhook_id: Which.
        overlap_hours: Hours for which both sign.
        json: Print one JSON object.
    """

    async def work(tools: Tools, tx: Transaction) -> str:
        overlap = timedelta(hours=max(0.0, overlap_hours))
        return await tools.services[api.Webhooks].rotate(tools.scope, tx, webhook_id, overlap)

    secret = transact(work)
    say({"id": webhook_id, "secret": secret}, as_json=json, text=secret)


@app.command(name="deliveries")
def list_deliveries(webhook_id: UUID, *, json: bool = False) -> None:
    """Lists the last hundred deliveries of a webhook, without what was in them.

    Example: warroom webhook deliveries 0199e9f0-0000-7000-8000-000000000000

    Args:
        webhook_id: Which.
        json: Print one JSON object.
    """

    async def work(tools: Tools, tx: Transaction) -> bytes:
        return await api.list_deliveries(tools.scope, tx, webhook_id)

    page = msgspec.json.decode(transact(work))
    lines = [
        "\t".join(
            [item["at"], item["kind"], item["state"], str(item["status"] or item["why"] or "-")]
        )
        for item in page["items"]
    ]
    say(page, as_json=json, text="\n".join(lines))


@app.command(name="resend")
def resend(webhook_id: UUID, *, json: bool = False) -> None:
    """Sends parked deliveries again.

    Example: warroom webhook resend 0199e9f0-0000-7000-8000-000000000000

    Args:
        webhook_id: Which.
        json: Print one JSON object.
    """

    async def work(tools: Tools, tx: Transaction) -> int:
        return await tools.services[api.Webhooks].resend(tools.scope, tx, webhook_id)

    number = transact(work)
    say({"id": webhook_id, "deliveries": number}, as_json=json, text=f"{number} deliveries")


@app.command(name="remove")
def remove_webhook(webhook_id: UUID, *, json: bool = False) -> None:
    """Removes a webhook with everything that waited for it.

    Example: warroom webhook remove 0199e9f0-0000-7000-8000-000000000000

    Args:
        webhook_id: Which.
        json: Print one JSON object.
    """

    async def work(tools: Tools, tx: Transaction) -> None:
        await tools.services[api.Webhooks].remove(tools.scope, tx, webhook_id)

    transact(work)
    say({"id": webhook_id}, as_json=json, text=f"{webhook_id}: removed")


async def _application_id(tools: Tools, tx: Transaction, name: str) -> UUID:
    try:
        return UUID(name)
    except ValueError:
        found = await identity.find_application_id(tools.scope, tx, name)
    if found is None:
        raise NotFoundError
    return found
