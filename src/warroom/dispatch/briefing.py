"""What a crew is told of the incident that its unit was sent to.

A crew holds no right on incidents: it is told as the system knows it, only while its unit is on a
task of the incident, and only what is needed at the place (`incidents.briefing`).
"""

from dataclasses import replace
from datetime import datetime
from typing import Any
from uuid import UUID

import msgspec

from warroom.dispatch import store
from warroom.incidents import api as incidents
from warroom.kernel.db import Database
from warroom.kernel.scope import Scope


class Briefs:
    """Of one process.

    Args:
        db: Where incidents are.
        standing: The system's scope.
    """

    def __init__(self, db: Database, standing: Scope) -> None:
        self._db, self._standing = db, standing

    async def tell(self, incident_id: UUID, now: datetime) -> dict[str, Any]:
        """The brief, with every unit that is on the incident.

        Whether the asker's unit is on it is judged by `show_duty`, which names the incident.

        Raises:
            IncidentNotFoundError: It is there no more.
        """
        scope = replace(self._standing, at=now)
        async with self._db.transaction(scope) as tx:
            told = await incidents.brief(scope, tx, incident_id, now)
            tasks = msgspec.json.decode(await store.list_of_incident(scope, tx, incident_id))
        return {**told, "units": [one for task in tasks for one in _units(task)]}


def _units(task: dict[str, Any]) -> list[dict[str, Any]]:
    return [
        {
            "id": one["unit"]["id"],
            "name": one["unit"]["name"],
            "kind": one["unit"]["kind"],
            "agency": task["agency"]["short"],
            "state": one["state"],
        }
        for one in task["assignments"]
        if one["ended_at"] is None
    ]
