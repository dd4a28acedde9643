"""Looks at an incident are in the audit: once for each person, incident and five minutes.

A desk that follows a draft reads it at every change; what is to be known later is who looked at
what when, not how often the page read it.
"""

from collections import OrderedDict
from datetime import datetime, timedelta
from uuid import UUID

ONE_LOOK = timedelta(minutes=5)
KEPT = 10_000


class Looks:
    """Of one process."""

    def __init__(self) -> None:
        self._seen: OrderedDict[tuple[UUID | None, UUID], datetime] = OrderedDict()

    def is_new(self, person_id: UUID | None, incident_id: UUID, now: datetime) -> bool:
        """Whether this is a look that was not written down lately; the next is not."""
        key = (person_id, incident_id)
        last = self._seen.get(key)
        if last is not None and now - last < ONE_LOOK:
            return False
        self._seen[key] = now
        self._seen.move_to_end(key)
        while len(self._seen) > KEPT:
            self._seen.popitem(last=False)
        return True
