"""What `hub` tells `privacy`: programs of agencies are told of events; people set that up."""

import msgspec

from warroom.hub import store
from warroom.hub.settings import HubSettings
from warroom.identity import api as identity
from warroom.kernel.db import Transaction
from warroom.kernel.scope import Scope
from warroom.privacy.contracts import Purpose, Retention, Stored, Subject, SubjectSource, Told


async def find_webhooks(scope: Scope, tx: Transaction, subject: Subject) -> list[Stored]:
    """Webhooks in view that whoever has this login has set up."""
    person_id = await identity.find_person_id(scope, tx, subject.value)
    if person_id is None:
        return []
    content = await store.list_webhooks(scope, tx, by=person_id)
    items = tuple(
        {word: one[word] for word in ("name", "url", "created_at")}
        for one in msgspec.json.decode(content)["items"]
    )
    return [Stored("webhook", len(items), "webhooks", "webhook_delivery", items)] if items else []


def told(settings: HubSettings) -> Told:
    """The one purpose, and how long the settings keep what was sent."""
    return Told(
        (
            Purpose(
                "webhooks",
                "webhook_delivery",
                tables=("webhook", "webhook_delivery"),
            ),
        ),
        (Retention("webhook_delivery", float(settings.log_days)),),
        (SubjectSource("webhook", frozenset({"account"}), frozenset({"webhooks"}), find_webhooks),),
    )
