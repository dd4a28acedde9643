"""Two incidents that are one: merged by a person, undone by a person, seen from both logs.

The calls, notes and positions of what is merged stay where they are and are shown with what it was
merged into: so nothing moves, and undoing it leaves everything where it was told.
"""

from datetime import datetime
from uuid import UUID, uuid5

from warroom.incidents import store
from warroom.incidents.contracts import TAKE, Deed, Incident, State
from warroom.incidents.errors import (
    EndedError,
    IncidentNotFoundError,
    NotMergedError,
    SameIncidentError,
)
from warroom.incidents.intake import Intake
from warroom.incidents.life import Said
from warroom.incidents.service import event_of, get_incident, numbered, settle
from warroom.incidents.telling import record, tell
from warroom.kernel.db import Transaction
from warroom.kernel.scope import Scope


async def merge(
    intake: Intake,
    scope: Scope,
    tx: Transaction,
    incident_id: UUID,
    into_id: UUID,
    said: Said,
    now: datetime,
) -> Incident:
    """Merges an incident into another; all that call about it, and all that take part, follow.

    Where the other was merged itself, it goes into what that was merged into. Done twice it is done
    once; two people who merge the same pair either way round wait for one another, and the second
    is told that they are one.

    Raises:
        IncidentNotFoundError: One of the two is not there, or not for this scope.
        SameIncidentError: They are one already.
        EndedError: The other has ended.
    """
    into_id = await _root(scope, tx, into_id)
    if incident_id == into_id:
        raise SameIncidentError(number="-")
    found = await store.lock_pair(scope, tx, incident_id, into_id, TAKE)
    incident, into = found.get(incident_id), found.get(into_id)
    if incident is None or into is None:
        raise IncidentNotFoundError
    if incident.merged_into == into.id:
        return into
    # Between looking for the root and locking it somebody may have merged it.
    if into.merged_into is not None or incident.merged_into is not None:
        raise SameIncidentError(number=into.number or "-")
    if into.state in (State.CLOSED, State.CANCELLED, State.UNFOUNDED, State.HANDED_OVER):
        raise EndedError(number=into.number or "-", state=into.state.value)
    incident = await numbered(intake, scope, tx, incident, now)
    detail = {"into": str(into.id), "number": into.number, "eido": "REPLACED"}
    deed = event_of(scope, Deed.MERGED, now, event_id=said.event_id, said_at=said.at, detail=detail)
    incident, _ = await settle(scope, tx, incident, [deed])
    into = await _follow(scope, tx, incident, into, said, now)
    await tell(tx, incident, "merged", now)
    await tell(tx, into, "merged", now)
    await record(scope, tx, incident, "merged", {"into": into.number})
    return into


async def _follow(
    scope: Scope, tx: Transaction, incident: Incident, into: Incident, said: Said, now: datetime
) -> Incident:
    """What the other gains: a row in its log, who takes part, and when it was last heard of."""
    both = {*incident.agencies, *into.agencies}
    ids = await store.list_merged(scope, tx, into.id)
    await store.share(scope, tx, ids, both)
    detail = {"from": str(incident.id), "number": incident.number, "eido": "REPLACING"}
    row = event_of(
        scope, "replacing", now, event_id=uuid5(said.event_id, "replacing"), detail=detail
    )
    into = await get_incident(scope, tx, into.id, TAKE, lock=True)
    into, _ = await settle(scope, tx, into, [row])
    return into


async def split(
    scope: Scope, tx: Transaction, incident_id: UUID, said: Said, now: datetime
) -> Incident:
    """Undoes a merge: the incident stands where it stood, with all that was told of it.

    Who took part in either goes on to see both.

    Raises:
        IncidentNotFoundError: No such incident, or not for this scope.
        NotMergedError: It is merged into none.
    """
    into_id = (await get_incident(scope, tx, incident_id, TAKE)).merged_into
    if into_id is None:
        raise NotMergedError
    found = await store.lock_pair(scope, tx, incident_id, into_id, TAKE)
    incident, into = found[incident_id], found.get(into_id)
    if incident.merged_into != into_id:
        raise NotMergedError
    detail = {"from": str(into_id), "eido": "SPLIT"}
    deed = event_of(
        scope, Deed.SPLIT, now, event_id=said.event_id, said_at=said.at, reason=said.reason,
        detail=detail,
    )  # fmt: skip
    incident, _ = await settle(scope, tx, incident, [deed])
    await tell(tx, incident, "split", now)
    if into is not None:
        other = {"from": str(incident.id), "number": incident.number, "eido": "SPLIT"}
        row = event_of(scope, "split_off", now, event_id=uuid5(said.event_id, "off"), detail=other)
        into, _ = await settle(scope, tx, into, [row])
        await tell(tx, into, "split", now)
    await record(scope, tx, incident, "split", None, said.reason)
    return incident


async def _root(scope: Scope, tx: Transaction, incident_id: UUID) -> UUID:
    """What an incident is now: itself, or what it was merged into, however many steps away."""
    incident = await get_incident(scope, tx, incident_id, TAKE)
    while incident.merged_into is not None:
        incident = await get_incident(scope, tx, incident.merged_into, TAKE)
    return incident.id
