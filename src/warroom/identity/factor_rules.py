"""Pure decisions about second factors: what is asked for, which codes fit, how guesses are bounded.

The arithmetic of guessing a time-based code. Three of 10^6 codes fit at any moment (of the step
before, this one and the next), each once. The first `FREE_CODES` tries are free, the n-th after
them waits `FIRST_CODE_WAIT_S * 2**(n-1)` seconds: in any 24 hours 5 + 11 = 16 tries, for
30 * (2**11 - 1) s are 17 h and 30 * (2**12 - 1) s are 34 h. A person has one such count for all
networks they have not signed in from, and one for each that they have. A stranger is in the first:
16 * 3 / 10^6 = 4.8e-5 a day. One who shares a network with the person has two: 9.6e-5. Both are
below 1 in 10^4, and both know the password already: the counts lie behind it, so that no stranger
can use them up. After `MOST_FAILED_CODES` wrong codes without a right one between them, codes are
taken from known networks alone: from elsewhere 32 * 3 / 10^6 = 9.6e-5 in all, however long it goes
on. Passkeys and recovery codes have counts of their own and go on working.
"""

import re
from collections.abc import Iterable, Iterator, Mapping
from datetime import datetime
from typing import Any

import pyotp

from warroom.identity.contracts import Demand, Principal
from warroom.kernel import actions

FREE_CODES = 5
FIRST_CODE_WAIT_S = 30
MOST_CODE_WAIT_S = 86_400
MOST_FAILED_CODES = 32
STEP_S = 30
RECOVERY_CODES = 10
RECOVERY_ALPHABET = "ABCDEFGHJKMNPQRSTVWXYZ0123456789"
"""Crockford's base 32 (no I, L, O, U): five bits a letter, nothing to be misread."""

PASSWORD, SECOND_FACTOR, PASSKEY = 0, 1, 2
"""Strengths of a session."""

_RANK = {"none": PASSWORD, "any": SECOND_FACTOR, "passkey": PASSKEY}


def asks_like(words: Iterable[str]) -> frozenset[str]:
    """By which words to find the presets whose demands an own role of an agency must meet.

    A word that more than operating is needed for (what manages, configures, or no level gives) is
    powerful. A preset that holds one of these, alone or in a group, is asked for a factor for its
    sake: so is everybody else who holds it.
    """
    powerful = {
        action.word
        for action in actions.known()
        if action.level not in ("view", "operate") and action.word in actions.words_in(words)
    }
    groups = {actions.group_of(word) for word in powerful}
    return frozenset(powerful | groups | {"*"}) if powerful else frozenset()


def in_force(own: Mapping[str, Any], inherited: Iterable[Mapping[str, Any]]) -> dict[str, Any]:
    """What is asked of somebody who holds one role alone, of its own demand and those it inherits.

    The strongest factor, the shortest time among those that ask for one, seats if any binds to
    them; `from` names the roles that ask for more than the role does itself.
    """
    every = [own, *inherited]
    factor = max((one["factor"] for one in every), key=_RANK.__getitem__)
    asking = [one["grace_days"] for one in every if one["factor"] != "none"]
    found = {
        "factor": factor,
        "grace_days": min(asking, default=own["grace_days"]),
        "seats_only": any(one["seats_only"] for one in every),
    }
    return found | {"from": [one["role"] for one in every[1:] if _adds(one, own, found)]}


def _adds(one: Mapping[str, Any], own: Mapping[str, Any], found: Mapping[str, Any]) -> bool:
    """Whether a demand is why what is in force goes beyond the own one."""
    is_stronger = one["factor"] == found["factor"] != own["factor"]
    is_sooner = (
        one["factor"] != "none"
        and one["grace_days"] == found["grace_days"]
        and (own["factor"] == "none" or own["grace_days"] > found["grace_days"])
    )
    return is_stronger or is_sooner or (one["seats_only"] and not own["seats_only"])


def satisfies(strength: int, demand: Demand) -> bool:
    """Whether a session of this strength shows what the roles ask for."""
    return strength >= _RANK[demand.required]


def may_only_enrol(principal: Principal, now: datetime) -> bool:
    """Whether the session shows too little, and the time to enrol is over."""
    demand = principal.demand
    return demand is not None and may_only_enrol_by(demand, principal.strength, now)


def may_only_enrol_by(demand: Demand, strength: int, now: datetime) -> bool:
    """As `may_only_enrol`, of a session of this strength."""
    is_due = demand.due_at is not None and demand.due_at <= now
    return is_due and not satisfies(strength, demand)


def ways_of(demand: Demand) -> tuple[str, ...]:
    """Second steps that a person can show: those that satisfy their roles, if they have such.

    A recovery code always helps in, but only as far as enrolling where a passkey is asked for.
    """
    ways = [
        way
        for way, has, strength in (
            ("passkey", demand.passkeys > 0, PASSKEY),
            ("totp", demand.totp, SECOND_FACTOR),
        )
        if has and (satisfies(strength, demand) or demand.passkeys == 0)
    ]
    return (*ways, "recovery") if ways and demand.recovery else tuple(ways)


def may_remove(demand: Demand, *, totp: bool = False, passkey: bool = False) -> bool:
    """Whether what the roles ask for is still there without this factor."""
    passkeys = demand.passkeys - passkey
    has_totp = demand.totp and not totp
    if demand.required == "passkey":
        return passkeys > 0 or demand.passkeys == 0
    if demand.required == "any":
        return passkeys > 0 or has_totp
    return True


def least_length(demand: Demand, alone: int, beside_factor: int) -> int:
    """Characters of a password at least.

    References:
        NIST SP 800-63B-4, section 3.1.1.2 (15 as the only factor, 8 beside another).
    """
    return beside_factor if demand.has_factor else alone


def matching_step(secret: str, code: str, now: datetime, last_step: int) -> int | None:
    """The time step that a code belongs to; None if it does not fit or its step was used.

    One step of difference between the clocks is allowed on either side.

    Args:
        secret: Base 32, as the app holds it.
        code: Six digits; spaces are passed over.
        now: The instant of the try.
        last_step: The newest step that was used; it and all before it are refused.

    References:
        RFC 6238, sections 4.2 and 5.2 (a code is accepted once); NIST SP 800-63B-4, 3.1.4.
    """
    digits = re.sub(r"\s", "", code)
    if not (digits.isascii() and digits.isdigit() and len(digits) == 6):
        return None
    totp, current = pyotp.TOTP(secret, interval=STEP_S), int(now.timestamp()) // STEP_S
    found = [
        step
        for step in (current - 1, current, current + 1)
        if pyotp.utils.strings_equal(totp.generate_otp(step), digits)
    ]
    return next((step for step in found if step > last_step), None)


def wait_s(tries: int, free: int, first_s: float, most_s: float) -> float:
    """Seconds that must lie between the last of `tries` failed tries and the next one."""
    return 0.0 if tries < free else min(most_s, first_s * 2.0 ** min(tries - free, 20))


def canonical_recovery(code: str) -> str:
    """A recovery code as it is hashed: capitals, no signs, look-alikes made one."""
    letters = re.sub(r"[^0-9A-Z]", "", code.upper())
    return letters.translate(str.maketrans("ILOU", "110V"))


def shown_recovery(letters: str) -> str:
    """A recovery code for people: groups of four."""
    return "-".join(_groups(letters, 4))


def _groups(letters: str, size: int) -> Iterator[str]:
    for begin in range(0, len(letters), size):
        yield letters[begin : begin + size]
