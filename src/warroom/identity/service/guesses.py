"""Counts of tries, by hashed keys that hold no login and no address.

A try is counted before what was shown is looked at, so that many at once do not slip through, and
in a bucket of its own for each login at each network: who guesses from elsewhere locks out nobody
but themselves.
"""

import hashlib
import ipaddress
from datetime import timedelta
from uuid import UUID

from warroom.identity import factor_rules, rules
from warroom.identity.errors import TooManyAttemptsError
from warroom.identity.store import doors
from warroom.kernel.db import Transaction
from warroom.kernel.scope import Scope

_TRUSTED_DAYS = 30


def bucket(login: str, address: str | None) -> bytes:
    """Key of the tries of a login (or, without one, of everybody) at a network."""
    return hashlib.sha256(f"{login}|{_network(address)}".encode()).digest()


async def take_password_try(scope: Scope, tx: Transaction, login: str) -> float | None:
    """Counts a password about to be tried; the seconds to wait if it may not be yet."""
    pair, network = bucket(login, scope.address), bucket("", scope.address)
    wait_s = await doors.take_try(scope, tx, pair, scope.at, rules.FREE_TRIES, rules.MOST_WAIT_S)
    if wait_s is not None:
        return wait_s
    slow = await doors.take_try(
        scope, tx, network, scope.at, rules.FREE_TRIES_OF_ADDRESS, rules.MOST_WAIT_OF_ADDRESS_S
    )
    # Whoever has signed in from here before is not made to wait for strangers beside them.
    return None if await is_trusted(scope, tx, login) else slow


async def take_own_try(scope: Scope, tx: Transaction) -> float | None:
    """Counts a password that the signed-in asker is about to show as their own.

    One count a person, whatever network or session they ask from: a session that was carried off
    guesses no faster from many addresses. Nobody without a session of the person reaches it, so no
    stranger can make them wait, and ending the other sessions ends the guessing.
    """
    key = _own_bucket(scope)
    return await doors.take_try(scope, tx, key, scope.at, rules.FREE_TRIES, rules.MOST_WAIT_S)


async def forgive_own(scope: Scope, tx: Transaction) -> None:
    """Forgets the wrong passwords of an asker who has now shown the right one."""
    await doors.forget_tries(scope, tx, _own_bucket(scope))


async def take_code_try(
    scope: Scope, tx: Transaction, kind: str, person_id: UUID, *, trusted: bool
) -> float | None:
    """Counts a code about to be tried; the seconds to wait if it may not be yet.

    One count for all networks that the person has not signed in from, one for each that they have
    (the arithmetic: `factor_rules`).
    """
    return await doors.take_try(
        scope,
        tx,
        _code_bucket(kind, person_id, scope.address if trusted else None),
        scope.at,
        factor_rules.FREE_CODES,
        factor_rules.MOST_CODE_WAIT_S,
        factor_rules.FIRST_CODE_WAIT_S,
    )


async def forgive_codes(
    scope: Scope, tx: Transaction, kind: str, person_id: UUID, *, trusted: bool
) -> None:
    """Forgets the wrong codes of a person who has now shown the right one."""
    key = _code_bucket(kind, person_id, scope.address if trusted else None)
    await doors.forget_tries(scope, tx, key)


async def is_trusted(scope: Scope, tx: Transaction, login: str) -> bool:
    """Whether this login has signed in from this network lately."""
    since = scope.at - timedelta(days=_TRUSTED_DAYS)
    return await doors.has_succeeded(scope, tx, bucket(login, scope.address), since)


def refuse_if_waiting(wait_s: float | None) -> None:
    """Says how long to wait.

    Raises:
        TooManyAttemptsError: There is a wait.
    """
    if wait_s is not None:
        raise TooManyAttemptsError(wait_s=max(1, round(wait_s)))


def _own_bucket(scope: Scope) -> bytes:
    return hashlib.sha256(f"own|{scope.person_id}".encode()).digest()


def _code_bucket(kind: str, person_id: UUID, address: str | None) -> bytes:
    where = _network(address) if address else "elsewhere"
    return hashlib.sha256(f"{kind}|{person_id}|{where}".encode()).digest()


def _network(address: str | None) -> str:
    """The address; of IPv6 the /64, of which one household or attacker has all."""
    try:
        parsed = ipaddress.ip_address(address or "")
    except ValueError:
        return address or ""
    if parsed.version == 4:
        return str(parsed)
    return str(ipaddress.ip_network((parsed, 64), strict=False))
