"""An incident is handed to another city by one act, and sent until that city answers.

A person decides and says why. The incident stays theirs until the other centre has taken it: only
its yes ends it here, with what they call it there. A no, or no answer after all tries, is written
into the log, and the incident is as open as before.
"""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from uuid import UUID, uuid5

import msgspec

from warroom.incidents import handover_store, store
from warroom.incidents.contracts import CHANGED, ENDS, PROGRESS, WORK, Incident
from warroom.incidents.errors import (
    EndedError,
    HandingOverError,
    NeighbourUnknownError,
    NotSentError,
)
from warroom.incidents.exchange import export_eido
from warroom.incidents.handover_rules import Answered, again, read_answer
from warroom.incidents.handover_store import Waiting
from warroom.incidents.intake import Intake
from warroom.incidents.life import Said, end
from warroom.incidents.service import check_reason, event_of, get_incident
from warroom.incidents.settings import Neighbour
from warroom.incidents.telling import record, tell
from warroom.kernel import outbox
from warroom.kernel.clock import Clock
from warroom.kernel.db import Database, Transaction
from warroom.kernel.errors import WarRoomError
from warroom.kernel.loops import Loop
from warroom.kernel.outbound import Outbound, TargetAwayError
from warroom.kernel.scope import Scope

ASKED = "handover_asked"
FAILED = "handover_failed"
HELD = timedelta(minutes=1)
"""A try takes less; who dies over one leaves it to the next process."""

EVERY_S = 5.0
"""So often it is looked whether a pause is over."""


async def ask(
    intake: Intake,
    scope: Scope,
    tx: Transaction,
    incident_id: UUID,
    to: str,
    said: Said,
    now: datetime,
) -> None:
    """Hands an incident to a neighbour; the same deed sent twice is one.

    Raises:
        IncidentNotFoundError: No such incident, or not for this scope.
        NeighbourUnknownError: No such neighbour is set up.
        NotSentError: It is a draft.
        EndedError: It has ended.
        ReasonMissingError: There is no reason.
        HandingOverError: It is on its way to somebody already.
    """
    incident = await get_incident(scope, tx, incident_id, WORK, lock=True)
    if to not in {one.name for one in intake.settings.neighbours}:
        raise NeighbourUnknownError(name=to)
    if await handover_store.is_known(scope, tx, said.event_id):
        return
    if incident.state in ENDS or incident.merged_into is not None:
        raise EndedError(number=incident.number or "-")
    if incident.state not in PROGRESS:
        raise NotSentError
    reason = check_reason(said.reason)
    body = await export_eido(intake, scope, tx, incident_id)
    waiting = Waiting(said.event_id, incident_id, to, body, reason, 0)
    if not await handover_store.insert(scope, tx, waiting, now):
        raise HandingOverError(number=incident.number or "-")
    row = event_of(scope, ASKED, now, event_id=said.event_id, reason=reason, detail={"to": to})
    await store.insert_events(scope, tx, incident_id, [row])
    await tell(tx, incident, ASKED, now)
    await record(scope, tx, incident, ASKED, {"to": to}, reason)


async def show_handovers(scope: Scope, tx: Transaction, incident_id: UUID) -> bytes:
    """To whom an incident was handed and what became of it, the last first, as a JSON list.

    Raises:
        IncidentNotFoundError: No such incident, or not for this scope.
    """
    await get_incident(scope, tx, incident_id)
    return await handover_store.show(scope, tx, incident_id)


@dataclass(eq=False)
class Handing(Loop):
    """Sends what waits while it is entered; one in each `serve` process.

    Args:
        db: Where they wait.
        clock: For times of tries.
        standing: The system's scope.
        outbound: Sends guarded requests.
        intake: Knows the neighbours.
    """

    db: Database
    clock: Clock
    standing: Scope
    outbound: Outbound
    intake: Intake

    def __post_init__(self) -> None:
        super().__init__("incidents.handing", self.step, every_s=EVERY_S)

    def subscribe(self) -> list[tuple[str, Callable[[outbox.Event], Awaitable[None]]]]:
        """What is to be handed on of the outbox."""
        return [(CHANGED, self._hear)]

    async def _hear(self, event: outbox.Event) -> None:
        if msgspec.json.decode(event.body).get("change") == ASKED:
            self.wake()

    async def step(self) -> None:
        """Sends all that is due, one after the other.

        Raises:
            DatabaseAwayError: The database does not answer.
        """
        while True:
            now = self.clock.now()
            scope = replace(self.standing, at=now)
            async with self.db.transaction(scope) as tx:
                waiting = await handover_store.take(scope, tx, now, now + HELD)
            if waiting is None:
                return
            found = await self._send(waiting)
            await self._settle(waiting, found)

    async def _send(self, waiting: Waiting) -> Answered:
        by_name = {one.name: one for one in self.intake.settings.neighbours}
        to = by_name.get(waiting.neighbour)
        if to is None:
            return Answered("given_up", "no_such_neighbour")
        try:
            answer = await self.outbound.send(
                "POST", to.url, headers=_headers(to), content=msgspec.json.encode(waiting.body)
            )
        except TargetAwayError as error:
            return again(str(error.params["why"]), waiting.tries, self.clock.now())
        except WarRoomError as error:
            return Answered("given_up", error.code)
        return read_answer(answer.status, answer.body, waiting.tries, self.clock.now())

    async def _settle(self, waiting: Waiting, found: Answered) -> None:
        now = self.clock.now()
        scope = replace(self.standing, at=now)
        async with self.db.transaction(scope) as tx:
            incident = await get_incident(scope, tx, waiting.incident_id, WORK, lock=True)
            if not await handover_store.answer(scope, tx, waiting.id, found, now):
                return
            if found.state == "accepted":
                await self._end(scope, tx, incident, waiting, found, now)
            elif found.state != "waiting":
                detail = {"to": waiting.neighbour, "state": found.state, "why": found.why}
                row = event_of(scope, FAILED, now, reason=found.why, detail=detail)
                await store.insert_events(scope, tx, incident.id, [row])
                await tell(tx, incident, FAILED, now)
                await record(scope, tx, incident, FAILED, detail)

    async def _end(
        self,
        scope: Scope,
        tx: Transaction,
        incident: Incident,
        waiting: Waiting,
        found: Answered,
        now: datetime,
    ) -> None:
        if incident.state in ENDS:
            # Ended meanwhile by a person: what they said of it stays.
            await tell(tx, incident, "handed_over", now)
            return
        told = ": ".join(
            filter(None, (" ".join((waiting.neighbour, found.number)).strip(), waiting.reason))
        )
        said = Said(uuid5(waiting.id, "accepted"), reason=told)
        await end(self.intake, scope, tx, incident.id, "handed_over", said, now)


def _headers(to: Neighbour) -> Mapping[str, str]:
    headers = {"content-type": "application/json", "user-agent": "WarRoom-EIDO/1"}
    return headers | ({"authorization": f"Bearer {to.token}"} if to.token else {})
