"""What one process observes of the roads, told to the others of the city.

Positions and counts reach the process that took them in. Each tells the others once a second, by
notifications of PostgreSQL: nothing is stored, and whoever was away misses what is old anyway. An
observation is an edge, a speed, an instant, and a number that tells vehicles apart and from which
nobody comes back to a vehicle. What comes from another process is judged as if it had come here,
and is told to nobody again.
"""

import asyncio
import base64
import binascii
import struct
from collections.abc import Iterator
from dataclasses import fields, replace
from types import TracebackType
from typing import Self
from uuid import uuid4

import numpy as np

from warroom.kernel.clock import Clock
from warroom.kernel.db import Database, DatabaseAwayError
from warroom.kernel.errors import UnavailableError
from warroom.kernel.log import logger
from warroom.kernel.loops import keep_on
from warroom.kernel.scope import Scope
from warroom.traffic.contracts import Counts, Observations
from warroom.traffic.runner import Traffic

CHANNEL = "warroom_observed"
TELL_S = 1.0
MOST_BYTES = 5_600
"""Of a notification before it is text; PostgreSQL takes 8,000 characters."""

MOST_WAITING = 50_000
"""Observations that wait to be told at most; the rest are left out, as after a long absence."""

_SEEN = np.dtype(
    [("edge", "<u4"), ("kmh", "<f2"), ("weight", "<f2"), ("at", "<f4"), ("source", "u1"),
     ("who", "<i4")]
)  # fmt: skip
_COUNTED = np.dtype(
    [("edge", "<u4"), ("at", "<f4"), ("seconds", "<f2"), ("motorcycles", "<f2"),
     ("light", "<f2"), ("heavy", "<f2")]
)  # fmt: skip
_FORMS = {"o": (_SEEN, Observations), "c": (_COUNTED, Counts)}
_HEAD = struct.Struct("<d")

type Told = Observations | Counts


class Sharing:
    """Tells others what this process observed, and takes what they tell; lives with it.

    Args:
        db: Whose notifications carry it.
        clock: For the scope of a transaction.
        standing: The rights of the process.
        traffic: The state of the roads of this process.
    """

    def __init__(self, db: Database, clock: Clock, standing: Scope, traffic: Traffic) -> None:
        self._db, self._clock, self._standing, self._traffic = db, clock, standing, traffic
        self._me = uuid4().hex[:12]
        self._waiting: list[Told] = []
        self._count = 0
        self._tasks: list[asyncio.Task[None]] = []
        traffic.told.append(self._keep)

    async def __aenter__(self) -> Self:
        """Begins to tell and to hear."""
        self._tasks = [
            asyncio.create_task(keep_on("traffic.sharing", self._tell)),
            asyncio.create_task(keep_on("traffic.sharing", self._hear)),
        ]
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Stops; what was not told yet is told to nobody."""
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    def _keep(self, told: Told) -> None:
        if self._count + len(told) <= MOST_WAITING:
            self._waiting.append(told)
            self._count += len(told)

    async def _tell(self) -> None:
        while True:
            await asyncio.sleep(TELL_S)
            try:
                await self.flush()
            except (DatabaseAwayError, UnavailableError):
                logger("traffic.sharing").info("not_shared")

    async def flush(self) -> None:
        """Tells the others what waits.

        Raises:
            DatabaseAwayError: They were not told, and will not be.
            UnavailableError: There are no roads, so nobody knows of which edges it is.
        """
        waiting, self._waiting, self._count = self._waiting, [], 0
        if not waiting:
            return
        head = f"{self._me} {self._traffic.estimator.ground.version}"
        # Numbered, since PostgreSQL tells what is alike in one transaction only once.
        payloads = [
            f"{head} {kind}{number} {text}"
            for kind, (_, form) in _FORMS.items()
            for number, text in enumerate(
                _written(kind, [told for told in waiting if isinstance(told, form)])
            )
        ]
        async with self._db.transaction(replace(self._standing, at=self._clock.now())) as tx:
            await tx.execute(
                "select pg_notify(%s, payload) from unnest(%s::text[]) payload",
                (CHANNEL, payloads),
            )

    async def _hear(self) -> None:
        async for payload in self._db.hear(CHANNEL):
            self.take(payload)

    def take(self, payload: str) -> int:
        """Takes what a process told; gives how many observations could be.

        Nothing is taken of our own, of another version of the roads, or of what cannot be read.
        """
        sender, _, rest = payload.partition(" ")
        version, _, rest = rest.partition(" ")
        piece, _, text = rest.partition(" ")
        kind = piece[:1]
        if sender == self._me or kind not in _FORMS:
            return 0
        try:
            if version != self._traffic.estimator.ground.version:
                return 0
            told = _read(kind, text)
        except (UnavailableError, ValueError, struct.error, binascii.Error):
            return 0
        return self._traffic.take_told(told)


def _written(kind: str, told: list[Told]) -> Iterator[str]:
    """Pieces short enough for a notification."""
    if not told:
        return
    form, _ = _FORMS[kind]
    names = [name for name in form.names or () if name != "at"]
    at = np.concatenate([one.at for one in told])
    base = float(at.min())
    rows = np.zeros(len(at), form)
    rows["at"] = at - base
    with np.errstate(all="ignore"):  # what does not fit is refused by who hears it
        for name in names:
            rows[name] = np.concatenate([getattr(one, name) for one in told])
    each = (MOST_BYTES - _HEAD.size) // form.itemsize
    for first in range(0, len(rows), each):
        content = _HEAD.pack(base) + rows[first : first + each].tobytes()
        yield base64.b85encode(content).decode()


def _read(kind: str, text: str) -> Told:
    """What was written.

    Raises:
        ValueError: It is not that.
        struct.error: It is too short.
    """
    form, made = _FORMS[kind]
    content = base64.b85decode(text)
    (base,) = _HEAD.unpack_from(content)
    rows = np.frombuffer(content, form, offset=_HEAD.size)
    values = {name: rows[name] for name in form.names or ()}
    kinds = {"edge": np.int64, "at": np.float64, "source": np.uint8, "who": np.int64}
    columns = {
        field.name: values[field.name].astype(kinds.get(field.name, np.float32))
        for field in fields(made)
    }
    columns["at"] = columns["at"] + base
    told: Told = made(**columns)
    return told
