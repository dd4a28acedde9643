"""Whatever strangers do at a login, its owner gets in at once from anywhere else."""

import asyncio

import psycopg
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.identity.conftest import PASSWORD, City
from warroom.identity.errors import TooManyAttemptsError, WrongPasswordError
from warroom.kernel.postgres import Connections

VICTIM = "polisi"
HOME = "10.1.1.1"

# Who tries: a network of the strangers, which login, and how long they wait before.
tries = st.tuples(
    st.integers(0, 3),
    st.sampled_from([VICTIM, VICTIM, "kepala", "tidak.ada"]),
    st.integers(0, 400),
)


async def attack(city: City, network: int, login: str, wait_s: int) -> bool:
    """One wrong try from outside; whether it was made to wait."""
    city.clock.advance(wait_s)
    try:
        await city.doorkeeper.sign_in(login, "salah sama sekali", f"203.0.113.{network}", "x")
    except WrongPasswordError:
        return False
    except TooManyAttemptsError:
        return True
    raise AssertionError


@settings(max_examples=20, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(tries, max_size=60), st.booleans())
def test_no_rhythm_of_strangers_keeps_a_person_out(
    city: City,
    connections: Connections,
    loop_runner: asyncio.Runner,
    attempts: list[tuple[int, str, int]],
    was_there: bool,
) -> None:
    with psycopg.connect(connections.superuser) as connection:
        connection.execute("delete from sign_in_bucket")

    async def play() -> str:
        if was_there:
            await city.doorkeeper.sign_in(VICTIM, PASSWORD, HOME, "own")
        for network, login, wait_s in attempts:
            await attack(city, network, login, wait_s)
        opened = await city.doorkeeper.sign_in(VICTIM, PASSWORD, HOME, "own")
        return str(opened.principal.login)  # type: ignore[union-attr]

    assert loop_runner.run(play()) == VICTIM


async def test_the_strangers_themselves_are_slowed_down(city: City) -> None:
    waited = [await attack(city, 1, VICTIM, 0) for _ in range(20)]

    assert waited[:5] == [False] * 5
    assert all(waited[5:])
