"""Limits by key: how many at once (`Slots`) and how often (`Rate`), in bounded memory.

A key is whoever shares one limit: a person, a network address. Counts are those of one process.
"""

from collections.abc import Callable, Hashable, Iterator
from contextlib import ExitStack, contextmanager
from enum import StrEnum
from ipaddress import IPv6Address, ip_address
from time import monotonic
from typing import Any

from warroom.kernel.errors import Kind, WarRoomError


class TooManyOpenError(WarRoomError):
    """Somebody holds as many of a thing as one person or one address may (`limit`)."""

    code = "too_many_open"
    kind = Kind.LIMITED


class TooManyFromAddressError(WarRoomError):
    """One network address holds as many of a thing as it may (`limit`)."""

    code = "too_many_from_address"
    kind = Kind.LIMITED


class TooOftenError(WarRoomError):
    """Somebody asks more often than is served (`wait_s`)."""

    code = "too_often"
    kind = Kind.LIMITED


class Slots:
    """How many of a thing each key holds now. Memory is that of the keys that hold any.

    Args:
        most: How many one key may hold.
        error: What is raised when it wants more.
    """

    def __init__(self, most: int, error: type[WarRoomError] = TooManyOpenError) -> None:
        self.most = most
        self._error = error
        self._held: dict[Hashable, int] = {}

    def held(self, key: Hashable) -> int:
        """How many it holds."""
        return self._held.get(key, 0)

    def take(self, key: Hashable) -> bool:
        """Takes one; False if the key holds as many as it may."""
        held = self._held.get(key, 0)
        if held >= self.most:
            return False
        self._held[key] = held + 1
        return True

    def give_back(self, key: Hashable) -> None:
        """Gives one back that was taken."""
        left = self._held[key] - 1
        if left:
            self._held[key] = left
        else:
            del self._held[key]

    @contextmanager
    def one(self, key: Hashable) -> Iterator[None]:
        """One for as long as the block runs.

        Raises:
            WarRoomError: The key holds as many as it may (`limit`).
        """
        if not self.take(key):
            raise self._error(limit=self.most)
        try:
            yield
        finally:
            self.give_back(key)


class AskerSlots:
    """How many of a thing each person, and each network address, holds now.

    Args:
        per_person: How many one person may hold.
        per_address: How many those behind one network address may hold together.
    """

    def __init__(self, per_person: int, per_address: int) -> None:
        self.of_person = Slots(per_person)
        self.of_address = Slots(per_address, TooManyFromAddressError)

    def take(self, scope: Any) -> ExitStack:
        """Takes one for an asker; closing what is returned gives it back.

        Raises:
            TooManyOpenError: This person holds as many as one may (`limit`).
            TooManyFromAddressError: So does this network address.
        """
        with ExitStack() as held:
            held.enter_context(self.of_person.one(asker_key(scope)))
            held.enter_context(self.of_address.one(address_key(scope.address)))
            return held.pop_all()


class Rate:
    """How often each key may do a thing: a bucket that fills again at a steady pace.

    Kept as one number a key, the moment at which its bucket will be full again (generic cell rate
    algorithm, ITU-T I.371, annex A). With more keys than `MOST` the oldest are forgotten, so that
    strangers with many addresses cannot fill the memory.

    Args:
        per_minute: How often at a steady pace; above 0.
        burst: How often at once.
    """

    MOST = 20_000

    def __init__(self, per_minute: float, burst: int = 1) -> None:
        self._pace_s = 60.0 / per_minute
        self._burst_s = self._pace_s * burst
        self._full_at: dict[Hashable, float] = {}

    def take(self, key: Hashable, now: float) -> float:
        """Counts one; returns 0, or the seconds to wait (then it is not counted).

        Args:
            key: Whose.
            now: Seconds of a monotonic clock.
        """
        full_at = max(self._full_at.pop(key, now), now) + self._pace_s
        wait_s = full_at - now - self._burst_s
        is_taken = wait_s <= 1e-9
        # The newest stands last: what is forgotten below has stood longest.
        self._full_at[key] = full_at if is_taken else full_at - self._pace_s
        if len(self._full_at) > self.MOST:
            del self._full_at[next(iter(self._full_at))]
        return 0.0 if is_taken else wait_s

    def require(self, key: Hashable, now: float) -> None:
        """Counts one.

        Raises:
            TooOftenError: The key must wait (`wait_s`).
        """
        wait_s = self.take(key, now)
        if wait_s:
            raise TooOftenError(wait_s=max(1, round(wait_s)))


class Cost(StrEnum):
    """What a route costs more than a look: it is limited by person and by network address."""

    EXPORT = "export"
    """Reads much to make a file or a paper: so many are made at once."""

    CHALLENGE = "challenge"
    """Keeps what it asked for some minutes, also for a stranger: so often may be asked."""


class RequestLimits:
    """How much of what is costly each person, and each network address, may ask of this process.

    Args:
        exports: How many are made at once.
        challenges: How often one is asked for: by a person; by strangers of one address together.
        now: Seconds of a monotonic clock.
    """

    def __init__(
        self, exports: AskerSlots, challenges: Rate, now: Callable[[], float] = monotonic
    ) -> None:
        self._exports, self._challenges, self._now = exports, challenges, now

    @contextmanager
    def take(self, cost: Cost, scope: Any) -> Iterator[None]:
        """Lets an asker's request through, for as long as the block runs.

        Raises:
            TooManyOpenError: This person has as many exports in work as one may (`limit`).
            TooManyFromAddressError: So has this network address.
            TooOftenError: Challenges were asked for too often (`wait_s`).
        """
        if cost is Cost.CHALLENGE:
            self._challenges.require(asker_key(scope), self._now())
            yield
            return
        with self._exports.take(scope):
            yield


def address_key(address: str | None) -> str:
    """What one network address counts as: an IPv6 one by its /64, which one subscriber is given.

    An IPv4 address that is written as IPv6 counts as itself; a text that is no address, as it is.

    References:
        RFC 6177 (a site is given a /64 at least).
    """
    if address is None or ":" not in address:
        return address or ""
    try:
        ip = ip_address(address.partition("%")[0])
    except ValueError:
        return address
    if not isinstance(ip, IPv6Address):
        return str(ip)
    if ip.ipv4_mapped is not None:
        return str(ip.ipv4_mapped)
    return f"{IPv6Address(int(ip) >> 64 << 64)}/64"


def asker_key(scope: Any) -> Hashable:
    """Whose limit an asker's is: the person's; without a person, the session's or the address's."""
    return scope.person_id or scope.session_id or address_key(scope.address)
