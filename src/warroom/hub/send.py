"""From deliveries to endpoints: signed, timed, and each endpoint by itself.

A process sends to a few endpoints at a time, to each in a task of its own; one that is dead or
slow keeps nobody waiting but itself. Whoever dies over a delivery leaves it to the next process
after a minute; a receiver that had it already knows it by its `webhook-id`.
"""

import asyncio
import random
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import timedelta
from functools import partial
from types import TracebackType
from typing import Any, Self
from uuid import UUID

import msgspec

from warroom.hub import rules, store
from warroom.hub.contracts import KINDS, Delivery, Endpoint, Outcome
from warroom.identity import api as identity
from warroom.kernel.clock import Clock
from warroom.kernel.db import Database
from warroom.kernel.errors import WarRoomError
from warroom.kernel.log import logger
from warroom.kernel.outbound import Outbound, TargetAwayError
from warroom.kernel.scope import Scope
from warroom.kernel.secrets import Sealer

_AT_A_TIME = 20
_LOOK_S = 1.0
_ANSWER_BYTES = 16_384
_KINDS = {kind.name: kind for kind in KINDS}


@dataclass(eq=False)
class Sender:
    """Sends what is due while it is entered; one in each `serve` process.

    Args:
        db: Where deliveries wait.
        clock: For times of tries and signatures.
        standing: The system's scope.
        outbound: Sends guarded requests.
        sealer: Opens secrets.
        most: Endpoints that are sent to at a time.
        chance: Gives numbers from 0 to 1.
    """

    db: Database
    clock: Clock
    standing: Scope
    outbound: Outbound
    sealer: Sealer
    most: int = 16
    chance: Callable[[], float] = random.random  # noqa: S311 - spreads tries, hides nothing
    _busy: dict[UUID, asyncio.Task[None]] = field(default_factory=dict)
    _loop: asyncio.Task[None] | None = None

    async def __aenter__(self) -> Self:
        self._loop = asyncio.create_task(self._run())
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        tasks = [task for task in (self._loop, *self._busy.values()) if task is not None]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    async def send_due(self) -> int:
        """Begins to send to endpoints that are due and not busy; how many were begun."""
        room = self.most - len(self._busy)
        if room <= 0:
            return 0
        scope = self._scope()
        async with self.db.transaction(scope) as tx:
            due = await store.list_due(scope, tx, list(self._busy), room)
        for endpoint in due:
            task = asyncio.create_task(self._serve(endpoint))
            self._busy[endpoint.id] = task
            task.add_done_callback(partial(self._forget, endpoint.id))
        return len(due)

    def _forget(self, webhook_id: UUID, _: asyncio.Task[None]) -> None:
        self._busy.pop(webhook_id, None)

    async def settle(self) -> None:
        """Waits until nothing is being sent."""
        while self._busy:
            await asyncio.gather(*self._busy.values(), return_exceptions=True)

    async def send_one(self, endpoint: Endpoint, delivery: Delivery) -> Outcome:
        """One try, signed with every secret in force; how it ended."""
        now = self.clock.now()
        body = msgspec.json.encode(
            {"type": delivery.kind, "timestamp": delivery.at, "data": msgspec.Raw(delivery.body)}
        )
        timestamp = int(now.timestamp())
        status, why, seconds = None, None, None
        try:
            headers = {
                "content-type": "application/json",
                "user-agent": "WarRoom-Webhooks/1",
                "webhook-id": str(delivery.id),
                "webhook-timestamp": str(timestamp),
                "webhook-signature": rules.signature(
                    self._secrets(endpoint), str(delivery.id), timestamp, body
                ),
            }
            answer = await self.outbound.send(
                "POST", endpoint.url, headers=headers, content=body, most_bytes=_ANSWER_BYTES
            )
            status, seconds = answer.status, answer.seconds
        except TargetAwayError as error:
            why = error.params["why"]
        except WarRoomError as error:
            why = error.code
        return rules.judge(delivery, now, self.chance(), status=status, why=why, seconds=seconds)

    def _secrets(self, endpoint: Endpoint) -> list[bytes]:
        context = endpoint.id.bytes
        secrets = [self.sealer.open(endpoint.secret, context)]
        until = endpoint.old_secret_until
        if endpoint.old_secret is not None and until is not None and until > self.clock.now():
            secrets.append(self.sealer.open(endpoint.old_secret, context))
        return secrets

    async def _run(self) -> None:
        while True:
            try:
                await self.send_due()
            except Exception as error:  # noqa: BLE001 - a background loop: log and go on
                code = error.code if isinstance(error, WarRoomError) else type(error).__name__
                logger("hub.send").warning("sending_failed", code=code)
            await asyncio.sleep(_LOOK_S)

    async def _serve(self, endpoint: Endpoint) -> None:
        """Sends to one endpoint, until nothing is due or it fails; no failure leaves the task."""
        try:
            failures = endpoint.failures
            while True:
                scope = self._scope()
                # One at a time to an endpoint that has failed: whether it is back again.
                most = 1 if failures else _AT_A_TIME
                async with self.db.transaction(scope) as tx:
                    asker = await identity.find_application_scope(scope, tx, endpoint.account_id)
                    taken = await store.take_deliveries(scope, tx, endpoint.id, most)
                if not taken:
                    return
                for number, delivery in enumerate(taken, 1):
                    failures = await self._deliver(endpoint, delivery, asker, failures)
                    if failures:
                        await self._give_back(taken[number:])
                        return
        except Exception as error:  # noqa: BLE001 - a background task: log; it comes again
            code = error.code if isinstance(error, WarRoomError) else type(error).__name__
            logger("hub.send").warning("webhook_failed", webhook=str(endpoint.id), code=code)

    async def _deliver(
        self, endpoint: Endpoint, delivery: Delivery, asker: Scope | None, failures: int
    ) -> int:
        """Sends one, if it may still be seen, and writes how it ended; the failures in a row."""
        if asker is None or not _may_still_hear(asker, delivery):
            outcome = Outcome("withheld")
        else:
            outcome = await self.send_one(endpoint, delivery)
        scope = self._scope()
        is_ok = outcome.state in ("done", "withheld")
        failures = 0 if is_ok else failures + 1
        pause = rules.pause_of_webhook_s(failures)
        paused_until = scope.at + timedelta(seconds=pause) if pause else None
        async with self.db.transaction(scope) as tx:
            await store.end_try(scope, tx, delivery.id, outcome)
            if outcome.state != "withheld":
                await store.note_health(scope, tx, endpoint.id, paused_until, ok=is_ok)
        return failures

    async def _give_back(self, untried: list[Delivery]) -> None:
        """Those taken and not tried are due again at once, and this was no try of theirs."""
        scope = self._scope()
        async with self.db.transaction(scope) as tx:
            await store.give_back(scope, tx, [delivery.id for delivery in untried])

    def _scope(self) -> Scope:
        return replace(self.standing, at=self.clock.now())


def _may_still_hear(asker: Scope, delivery: Delivery) -> bool:
    kind = _KINDS.get(delivery.kind)
    if kind is not None and kind.is_common:
        return asker.allows_in_city(kind.action, delivery.place)
    return kind is not None and asker.allows(
        kind.action,
        agency_id=delivery.agency_id,
        place=delivery.place,
        object_id=delivery.object_id,
        tags=delivery.tags,
        class_=delivery.class_,
    )


def told(outcome: Outcome) -> dict[str, Any]:
    """An outcome for people and machines to read."""
    return {
        "ok": outcome.state == "done",
        "status": outcome.status,
        "why": outcome.why,
        "seconds": None if outcome.seconds is None else round(outcome.seconds, 3),
    }
