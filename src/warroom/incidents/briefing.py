"""What those who go to an incident are told of it.

No caller, no number of one, no note of one agency alone: what is needed at the place, who has the
keys of it, and nothing else.
"""

from datetime import datetime
from typing import Any
from uuid import UUID

import msgspec

from warroom.incidents import show_store, store
from warroom.incidents.around import look_around
from warroom.incidents.cards import DECK, Card
from warroom.incidents.contracts import Place
from warroom.incidents.draft_rules import answers_in
from warroom.incidents.service import get_incident
from warroom.kernel.db import Transaction
from warroom.kernel.decks import first_said
from warroom.kernel.scope import Scope

_KNOWN = ("number", "state", "priority", "event", "address", "area", "lat", "lon")
_CAUTION = ("id", "text", "severity", "distance_m")
_PREMISE = (
    *("id", "kind", "name", "dangers", "hazards", "access", "hydrant", "plan", "key_holder"),
    "distance_m",
)
_NOTE = ("id", "agency", "text", "happened_at")


async def brief(scope: Scope, tx: Transaction, incident_id: UUID, now: datetime) -> dict[str, Any]:
    """What, where, what to beware of, and what was written down for all who take part.

    Whether somebody may be told is for the caller to judge; the scope is the system's.

    Raises:
        IncidentNotFoundError: No such incident.
    """
    incident = await get_incident(scope, tx, incident_id)
    ids = await store.list_merged(scope, tx, incident_id)
    shown = msgspec.json.decode(await show_store.show_incident(scope, tx, incident_id, ids))
    card = await DECK.find(scope, tx, incident.type_code)
    around: dict[str, Any] = {"cautions": [], "premises": []}
    if incident.lat is not None and incident.lon is not None:
        place = Place(incident.lat, incident.lon)
        around = await look_around(scope, tx, place, incident_id, now)
    return {
        **{name: shown[name] for name in _KNOWN},
        "name": None if card is None else card.name,
        "caution": None if card is None or not first_said(card.caution) else card.caution,
        "answers": [] if card is None else _answers(card, answers_in(incident.fields)),
        "notes": [
            {name: note[name] for name in _NOTE}
            for note in shown["notes"]
            if note["visibility"] == "all"
        ],
        "cautions": _picked(around["cautions"], _CAUTION),
        "premises": _picked(around["premises"], _PREMISE),
    }


def _answers(card: Card, given: dict[str, str]) -> list[dict[str, Any]]:
    return [
        {"question": question.text, "answer": option.text}
        for question in card.questions
        for option in question.options
        if given.get(question.key) == option.key
    ]


def _picked(told: Any, names: tuple[str, ...]) -> list[dict[str, Any]]:
    rows = told if isinstance(told, list) else msgspec.json.decode(bytes(told))
    return [{name: row[name] for name in names} for row in rows]
