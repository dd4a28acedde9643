"""Proof of deletion: whoever deletes by a rule notes how much, in the transaction that deletes.

Sums of a day (UTC) by owner, store, class and rule; what of whom it was is gone, as it should be.
`privacy` shows them and writes each day that is over into the audit.
"""

from dataclasses import asdict, dataclass
from datetime import date, datetime
from uuid import UUID

from warroom.kernel.db import Transaction
from warroom.kernel.ids import new_id
from warroom.kernel.scope import Scope

_NOTE = """
insert into privacy_deletion as d (id, day, agency_id, store, class, rule, thing_id, count, bytes,
    first_at, last_at, began_at, ended_at)
values (%(id)s, %(day)s, %(agency_id)s, %(store)s, %(class_)s, %(rule)s, %(thing_id)s, %(count)s,
    %(bytes)s, %(first_at)s, %(last_at)s, %(began_at)s, %(ended_at)s)
on conflict (day, store, class, rule, thing_id, agency_id) do update set
    count = d.count + excluded.count, bytes = d.bytes + excluded.bytes,
    first_at = least(d.first_at, excluded.first_at),
    last_at = greatest(d.last_at, excluded.last_at),
    ended_at = greatest(d.ended_at, excluded.ended_at)
"""

_TOTAL = """
insert into privacy_deletion as d (id, day, agency_id, store, class, rule, thing_id, count, bytes,
    first_at, last_at, began_at, ended_at)
values (%(id)s, %(day)s, %(agency_id)s, %(store)s, %(class_)s, %(rule)s, %(thing_id)s, %(count)s,
    %(bytes)s, %(first_at)s, %(last_at)s, %(began_at)s, %(ended_at)s)
on conflict (day, store, class, rule, thing_id, agency_id) do update set
    count = excluded.count, bytes = excluded.bytes, first_at = excluded.first_at,
    last_at = excluded.last_at, ended_at = excluded.ended_at
where excluded.count > d.count
"""

_LAST = "select max(ended_at) as at from privacy_deletion where store = %(store)s"


@dataclass(frozen=True, slots=True)
class Deletion:
    """What one run of a rule deleted.

    Attributes:
        store: Table, or node and disk.
        class_: Retention class.
        rule: Why: `age`, `ring` (the disk was full), `class_bytes`, `share`.
        first_at: Begin of the span of what was deleted; None if it has no time.
        last_at: Its end.
        began_at: When the first of it was deleted.
        ended_at: When the last of it was deleted.
        agency_id: Owner; None is the city's machinery.
        thing_id: The camera, where it was footage.
    """

    store: str
    class_: str
    rule: str
    count: int
    began_at: datetime
    ended_at: datetime
    first_at: datetime | None = None
    last_at: datetime | None = None
    bytes: int = 0
    agency_id: UUID | None = None
    thing_id: UUID | None = None

    @property
    def day(self) -> date:
        """The day of UTC under which it is summed."""
        return self.began_at.date()


async def note(scope: Scope, tx: Transaction, deletion: Deletion) -> None:  # noqa: ARG001
    """Adds to the sums of the day; nothing deleted is nothing noted."""
    if deletion.count > 0:
        await tx.execute(_NOTE, _values(deletion))


async def note_total(scope: Scope, tx: Transaction, deletion: Deletion) -> None:  # noqa: ARG001
    """Writes the sum of a day as somebody else counted it; told twice it is the same.

    A smaller sum than is known changes nothing. One that grows after its day was written into the
    audit is written there again.
    """
    await tx.execute(_TOTAL, _values(deletion))


async def last_noted(scope: Scope, tx: Transaction, store: str) -> datetime | None:  # noqa: ARG001
    """When the newest deletion that is known of a store happened."""
    row = await (await tx.execute(_LAST, {"store": store})).fetchone()
    return row["at"] if row else None


def _values(deletion: Deletion) -> dict[str, object]:
    return {**asdict(deletion), "id": new_id(), "day": deletion.day}
