"""Calls that come by other ways than a trunk: a PBX that the city keeps, forms, panic buttons."""

from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any, Literal
from uuid import UUID, uuid5

from warroom.calls import desk_store, store
from warroom.calls.contracts import TELL
from warroom.calls.desk import Row, log
from warroom.calls.errors import CallStateError
from warroom.calls.nuisance import judge
from warroom.calls.rules import is_short
from warroom.kernel.db import Transaction
from warroom.kernel.errors import NotFoundError
from warroom.kernel.scope import Scope

type Channel = Literal["web", "whatsapp", "panic"]
type PbxEvent = Literal["ringing", "answered", "ended"]

SHORT_S = 5.0
"""Calls given up sooner are counted apart (COCOM)."""

_WAYS = UUID("5f0b7d1e-6a0f-5d5c-9d58-0c0a4f1f7a11")


@dataclass(frozen=True, slots=True)
class Written:
    """What somebody sent.

    Attributes:
        reference: What the other system calls it; the same twice is one call.
        lat: Where they say that they are.
    """

    channel: str
    reference: str
    number: str = ""
    text: str = ""
    lat: float | None = None
    lon: float | None = None
    radius_m: float | None = None


async def take_written(
    scope: Scope, tx: Transaction, written: Written, hour: int, now: datetime
) -> UUID:
    """A call that was written, or a button that was pressed; it waits like one that was spoken.

    Raises:
        NotFoundError: Nothing is told to the asker's agency.
    """
    agency_id = _agency_of(scope)
    call_id = _id_of(scope, written.channel, written.reference)
    values = {
        "id": call_id,
        "agency_id": agency_id,
        "number": written.number,
        "is_emergency": written.channel == "panic",
        "at": now,
        "channel": written.channel,
        "text": written.text,
        "reference": written.reference,
    }
    if not await desk_store.begin_told(scope, tx, values):
        return call_id
    row: Row = {"id": call_id, "agency_id": agency_id, "state": "new"}
    row = await log(scope, tx, row, "offered", now, {"direction": "in"})
    if written.lat is not None and written.lon is not None:
        await _place(scope, tx, row, written, now)
    past = await desk_store.past_of(scope, tx, call_id, hour)
    # A form has no number by itself: that it hides one says nothing.
    judged = judge(replace(past, is_hidden=False))
    await desk_store.set_nuisance(scope, tx, call_id, judged)
    return call_id


async def _place(scope: Scope, tx: Transaction, row: Row, written: Written, now: datetime) -> None:
    seq = await desk_store.next_seq(scope, tx)
    told = {
        "journal": desk_store.JOURNAL,
        "seq": seq,
        "id": row["id"],
        "kind": "location",
        "at": now,
        "actor_id": scope.person_id,
        "source": "caller",
        "body": "{}",
        "of": "app",
        "lat": written.lat,
        "lon": written.lon,
        "radius_m": None if written.radius_m is None else round(written.radius_m, 1),
        "confidence": None,
        "method": written.channel,
        "reference": written.reference,
    }
    await store.add_event(scope, tx, told)
    await store.add_location(scope, tx, told)


async def take_pbx(
    scope: Scope, tx: Transaction, event: PbxEvent, words: dict[str, Any], hour: int, now: datetime
) -> UUID:
    """One event of a PBX of the city; what comes twice, or too late, changes nothing.

    Args:
        scope: The application of the PBX.
        tx: Its transaction.
        event: What happened.
        words: `call`, `number` and `at`, as the PBX says them.
        hour: Of the day, in the city.
        now: By our clock; no event is later than this.

    Raises:
        NotFoundError: Nothing is told to the asker's agency.
    """
    at = min(words["at"] or now, now)
    written = Written("pbx", words["call"], words["number"])
    call_id = await take_written(scope, tx, written, hour, at)
    row = await desk_store.find_call(scope, tx, call_id, TELL, lock=True)
    if row is None:
        raise NotFoundError
    # Its clock may go behind ours: nothing befell a call before it came.
    at = max(at, row["offered_at"])
    kind = event
    try:
        if event == "ended" and row["state"] in ("offered", "ringing"):
            short = is_short(row["offered_at"].timestamp(), at.timestamp(), SHORT_S)
            row = await log(scope, tx, row, "abandoned", at, {"is_short": short})
            if row.get("from_number"):
                await log(scope, tx, row, "callback_due", at)
            return call_id
        if event == "ringing" and row["state"] != "offered":
            return call_id
        await log(scope, tx, row, kind, at)
    except CallStateError:
        # A PBX repeats what was not acknowledged; what it says of a call that is over is late.
        return call_id
    return call_id


def _agency_of(scope: Scope) -> UUID:
    agency_id = scope.agency_id
    if agency_id is None or not scope.allows(TELL, agency_id=agency_id):
        raise NotFoundError
    return agency_id


def _id_of(scope: Scope, channel: str, reference: str) -> UUID:
    return uuid5(_WAYS, f"{scope.agency_id} {channel} {reference}")
