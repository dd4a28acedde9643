"""Taking a vehicle out of service, with the reason, and putting it back: by its crew, or the desk.

It is proposed for nothing meanwhile, and everybody who asks is told why. A unit that breaks down on
its way stays on its task until the crew gives it up or the desk takes it back.
"""

from datetime import datetime
from uuid import UUID

from warroom.dispatch import crew_store, outage_store
from warroom.dispatch.contracts import ACT, SEND, OutReason
from warroom.dispatch.errors import NotOnDutyError, UnitNotThereError
from warroom.dispatch.telling import note_unit, tell_units
from warroom.kernel.db import Transaction
from warroom.kernel.scope import Scope
from warroom.units import api as units


async def take_out(
    scope: Scope,
    tx: Transaction,
    unit_id: UUID | None,
    reason: OutReason,
    note: str,
    now: datetime,
) -> None:
    """A unit cannot be sent from now on; where another reason was told before, by the new one.

    Args:
        scope: Who says so.
        tx: Transaction of the scope.
        unit_id: Said by the desk; None is the unit on which the asker serves.
        reason: Why.
        note: More of it, as people write.
        now: This instant.

    Raises:
        NotOnDutyError: The asker serves on none.
        UnitNotThereError: No such unit, or not for this scope.
    """
    unit = await _unit(scope, tx, unit_id)
    note = " ".join(note.split())
    before = (await outage_store.list_out(scope, tx, [unit.id])).get(unit.id)
    if before is not None and (before.reason, before.note) == (reason, note):
        return
    if before is not None:
        await outage_store.end(scope, tx, unit.id, now)
    agency_id = unit.draft.agency_id
    if await outage_store.begin(scope, tx, unit.id, agency_id, reason, note, now):
        await tell_units(scope, tx, {unit.id: unit.sides}, "out_of_service", now)
        await note_unit(scope, tx, unit, "out_of_service", {"reason": reason})


async def put_back(scope: Scope, tx: Transaction, unit_id: UUID | None, now: datetime) -> None:
    """A unit can be sent again; one that was not out of service stays as it is.

    Raises:
        NotOnDutyError: The asker serves on none.
        UnitNotThereError: No such unit, or not for this scope.
    """
    unit = await _unit(scope, tx, unit_id)
    if await outage_store.end(scope, tx, unit.id, now):
        await tell_units(scope, tx, {unit.id: unit.sides}, "in_service", now)
        await note_unit(scope, tx, unit, "in_service")


async def _unit(scope: Scope, tx: Transaction, unit_id: UUID | None) -> units.Unit:
    action = SEND
    if unit_id is None:
        duty = await crew_store.find_duty(scope, tx)
        if duty is None:
            raise NotOnDutyError(unit="-")
        unit_id, action = duty.unit_id, ACT
    try:
        return await units.get_unit(scope, tx, unit_id, action)
    except units.UnitNotFoundError as error:
        raise UnitNotThereError from error
