"""What is asked of a token at each request: its end, where it comes from, and how often it asks.

Each process counts for itself, and allows its share of a token's limit: the limit divided by the
processes that have lately answered tokens. A proxy that spreads requests evenly makes the shares
meet the limit; a process that was idle takes none of it.
"""

from dataclasses import dataclass, field
from typing import TYPE_CHECKING
from uuid import UUID

from warroom.audit import api as audit
from warroom.identity import rules
from warroom.identity.contracts import TokenLimits
from warroom.identity.errors import ForeignAddressError, TooManyRequestsError
from warroom.identity.settings import IdentitySettings
from warroom.kernel import leases
from warroom.kernel.clock import Clock
from warroom.kernel.db import Database
from warroom.kernel.ids import new_id
from warroom.kernel.scope import Scope

if TYPE_CHECKING:
    from starlette.requests import HTTPConnection

_COUNT_S = 15.0
_LIVES_S = 45.0
_TELL_S = 600.0
_PROCESSES = "select count(*) as n from lease where kind = 'tokens' and until > clock_timestamp()"


@dataclass(slots=True)
class TokenGate:
    """Lets requests with a token pass, or not; made once a process."""

    db: Database
    clock: Clock
    settings: IdentitySettings
    meter: rules.Meter = field(default_factory=rules.Meter)
    holder: str = field(default_factory=lambda: str(new_id()))
    _processes: int = 1
    _counted_at: float = float("-inf")
    _told: dict[tuple[UUID | None, str | None], float] = field(default_factory=dict)

    async def judge(self, scope: Scope, limits: TokenLimits, connection: "HTTPConnection") -> bool:
        """Whether the token is still in force; a socket's questions are not counted.

        Raises:
            ForeignAddressError: It may not be used from this address.
            TooManyRequestsError: It asks too often.
        """
        if limits.expires_at <= scope.at:
            return False
        if not rules.is_among(scope.address, limits.networks):
            await self._tell(scope)
            raise ForeignAddressError
        if connection.scope["type"] == "http":
            await self._count_processes(scope)
            wait_s = self.meter.take(
                scope.session_id, self._limit(limits) / self._processes, self.clock.monotonic()
            )
            if wait_s is not None:
                raise TooManyRequestsError(wait_s=max(1, round(wait_s)))
        return True

    def _limit(self, limits: TokenLimits) -> int:
        usual = (
            self.settings.application_per_minute
            if limits.is_account
            else self.settings.token_per_minute
        )
        return limits.per_minute or usual

    async def _count_processes(self, scope: Scope) -> None:
        if self.clock.monotonic() - self._counted_at < _COUNT_S:
            return
        self._counted_at = self.clock.monotonic()
        async with self.db.transaction(scope) as tx:
            await leases.acquire(tx, "tokens", self.holder, self.holder, _LIVES_S)
            row = await (await tx.execute(_PROCESSES)).fetchone()
        self._processes = max(1, row["n"]) if row else 1

    async def _tell(self, scope: Scope) -> None:
        """An entry of the audit for each address that is refused, at most one in ten minutes."""
        key, now = (scope.session_id, scope.address), self.clock.monotonic()
        if now - self._told.get(key, float("-inf")) < _TELL_S:
            return
        if len(self._told) >= 1_000:
            self._told.clear()
        self._told[key] = now
        async with self.db.transaction(scope) as tx:
            await audit.record(
                scope,
                tx,
                action="token:refused",
                object_kind="token",
                object_id=scope.session_id,
                agency_id=scope.agency_id,
            )
