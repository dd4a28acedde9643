"""What is asked for at sign-in, which codes fit, and how many guesses there are a day."""

from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import pyotp
import pytest
from hypothesis import given
from hypothesis import strategies as st

from warroom.app import wiring  # noqa: F401 - declares every word
from warroom.identity import factor_rules as rules
from warroom.identity.contracts import Agency, Demand, HeldRole, Principal
from warroom.identity.rules import rules_of
from warroom.kernel import actions

NOW = datetime(2026, 11, 24, 6, 0, tzinfo=UTC)
SECRET = "GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ"
DAY_S = 86_400

demands = st.builds(
    Demand,
    required=st.sampled_from(["none", "any", "passkey"]),
    due_at=st.none() | st.just(NOW) | st.just(NOW + timedelta(days=1)),
    totp=st.booleans(),
    passkeys=st.integers(0, 3),
    recovery=st.integers(0, 10),
)


asked = st.fixed_dictionaries(
    {
        "role": st.sampled_from(["a", "b", "c"]),
        "factor": st.sampled_from(["none", "any", "passkey"]),
        "grace_days": st.sampled_from([0, 7, 14]),
        "seats_only": st.booleans(),
    }
)


@given(asked, st.lists(asked, max_size=3))
def test_what_is_inherited_only_asks_for_more(
    own: dict[str, Any], inherited: list[dict[str, Any]]
) -> None:
    rank = ["none", "any", "passkey"].index
    found = rules.in_force(own, inherited)

    assert rank(found["factor"]) == max(rank(one["factor"]) for one in [own, *inherited])
    assert own["factor"] == "none" or found["grace_days"] <= own["grace_days"]
    assert found["seats_only"] == any(one["seats_only"] for one in [own, *inherited])
    is_own = all(found[word] == own[word] for word in ("factor", "grace_days", "seats_only"))
    assert is_own == (found["from"] == [])


def principal(demand: Demand | None, strength: int) -> Principal:
    agency = Agency(UUID(int=1), "police", "Polrestabes", "Polres")
    roles = [HeldRole("operate", ["live:view"], "own")]
    return Principal(
        UUID(int=2), "polisi", "P", "", "id", agency, roles, [], strength=strength, demand=demand
    )


@pytest.mark.parametrize(
    ("at", "code"),
    [
        (59, "94287082"),
        (1111111109, "07081804"),
        (1234567890, "89005924"),
        (2000000000, "69279037"),
    ],
)
def test_the_codes_are_those_of_the_standard(at: int, code: str) -> None:
    """RFC 6238, appendix B (SHA-1), of which apps show the last six digits."""
    assert rules.matching_step(SECRET, code[-6:], datetime.fromtimestamp(at, UTC), 0) == at // 30


@given(st.integers(-3, 3), st.integers(10**9, 4 * 10**9))
def test_a_clock_may_be_one_step_off_and_no_more(steps: int, second: int) -> None:
    at = datetime.fromtimestamp(second, UTC)
    code = pyotp.TOTP(SECRET).at(at, counter_offset=steps)

    found = rules.matching_step(SECRET, code, at, 0)

    current = int(at.timestamp()) // 30
    nearby = {pyotp.TOTP(SECRET).at(at, counter_offset=step): current + step for step in (-1, 0, 1)}
    assert (found is not None) is (code in nearby)


@given(st.lists(st.integers(0, 200), min_size=2, max_size=40))
def test_no_time_step_is_accepted_twice(moments: list[int]) -> None:
    last, used = 0, []
    for moment in sorted(moments):
        at = NOW + timedelta(seconds=moment)
        step = rules.matching_step(SECRET, pyotp.TOTP(SECRET).at(at), at, last)
        if step is not None:
            used.append(step)
            last = step

    assert used == sorted(set(used))


@pytest.mark.parametrize(
    "code",
    [
        "",
        "12345",
        "1234567",
        "abcdef",
        "\uff11\uff12\uff13\uff14\uff15\uff16",
        "12 34 5x",
        "-12345",
    ],
)
def test_what_is_no_code_never_fits(code: str) -> None:
    assert rules.matching_step(SECRET, code, NOW, 0) is None


@given(st.lists(st.floats(0, 3 * DAY_S), max_size=400))
def test_nobody_has_more_than_sixteen_guesses_in_any_day(moments: list[float]) -> None:
    """Whenever they try; hypothesis looks for a better rhythm than the greedy one."""
    tries, last, taken = 0, float("-inf"), []
    for moment in sorted(moments):
        if moment - last > DAY_S:
            tries = 0
        wait_s = rules.wait_s(
            tries, rules.FREE_CODES, rules.FIRST_CODE_WAIT_S, rules.MOST_CODE_WAIT_S
        )
        if last + wait_s <= moment:
            tries, last = tries + 1, moment
            taken.append(moment)

    assert all(sum(begin <= at < begin + DAY_S for at in taken) <= 16 for begin in taken)


def test_the_odds_of_a_days_guessing_are_below_one_in_ten_thousand() -> None:
    guesses, at, tries = 0, 0.0, 0
    while at < DAY_S:
        guesses, tries = guesses + 1, tries + 1
        at += rules.wait_s(tries, rules.FREE_CODES, rules.FIRST_CODE_WAIT_S, rules.MOST_CODE_WAIT_S)

    networks = 2  # all that are not known together, and one that the guesser shares
    assert guesses == 16
    assert networks * guesses * 3 / 10**6 < 1 / 10**4
    assert rules.MOST_FAILED_CODES * 3 / 10**6 < 1 / 10**4


@given(demands, st.integers(0, 2))
def test_a_session_that_shows_too_little_after_the_grace_has_no_rule(
    demand: Demand, strength: int
) -> None:
    needed = {"none": 0, "any": 1, "passkey": 2}[demand.required]

    held = rules_of(principal(demand, strength), NOW)

    is_over = demand.due_at is not None and demand.due_at <= NOW
    assert (held == ()) is (strength < needed and is_over)


@given(st.integers(0, 2))
def test_a_token_is_locked_out_by_no_demand(strength: int) -> None:
    assert rules_of(principal(None, strength), NOW) != ()


@given(demands)
def test_whoever_has_a_factor_is_asked_for_one_that_their_roles_accept(demand: Demand) -> None:
    ways = rules.ways_of(demand)

    assert bool(ways) is demand.has_factor
    assert ("recovery" in ways) is (demand.has_factor and demand.recovery > 0)
    assert not ("totp" in ways and demand.required == "passkey" and demand.passkeys)


@given(demands)
def test_what_a_role_asks_for_is_never_removed_as_the_last(demand: Demand) -> None:
    may_totp = rules.may_remove(demand, totp=True)
    may_key = demand.passkeys == 0 or rules.may_remove(demand, passkey=True)

    if demand.required == "passkey" and demand.passkeys == 1:
        assert not may_key
    if demand.required == "any" and demand.totp and not demand.passkeys:
        assert not may_totp
    if demand.required == "none":
        assert may_totp


@given(st.text(alphabet=rules.RECOVERY_ALPHABET, min_size=16, max_size=16))
def test_a_recovery_code_is_read_as_people_write_it(letters: str) -> None:
    shown = rules.shown_recovery(letters)

    assert rules.canonical_recovery(shown) == letters
    assert rules.canonical_recovery(shown.lower().replace("-", " ")) == letters
    assert rules.canonical_recovery(shown.replace("0", "O").replace("1", "I")) == letters


@pytest.mark.parametrize(
    ("demand", "least"), [(Demand(), 15), (Demand(totp=True), 8), (Demand(passkeys=1), 8)]
)
def test_a_password_alone_is_longer_than_one_beside_a_factor(demand: Demand, least: int) -> None:
    assert rules.least_length(demand, 15, 8) == least


WORDS = [action.word for action in actions.known()]
WORDS_AND_GROUPS = [*WORDS, *sorted({actions.group_of(word) for word in WORDS}), "*"]


@given(st.sets(st.sampled_from(WORDS_AND_GROUPS)), st.sets(st.sampled_from(WORDS_AND_GROUPS)))
def test_an_own_role_asks_like_every_preset_that_holds_a_powerful_word_of_it_and_no_other(
    own: set[str], preset: set[str]
) -> None:
    operating = {a.word for a in actions.known() if a.level in ("view", "operate")}
    shared = actions.words_in(own) & actions.words_in(preset)

    asks = not rules.asks_like(own).isdisjoint(preset)

    assert asks or shared <= operating
    assert not asks or actions.words_in(own) - operating


def test_watching_and_operating_are_not_powerful() -> None:
    assert rules.asks_like(["camera:view", "live:view", "ptz:move"]) == frozenset()
    asked = rules.asks_like(["live:view", "person:configure"])
    assert asked == {"person:configure", "person:*", "*"}
