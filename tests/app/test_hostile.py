"""Every door of `warroom bench hostile` holds; a door that breaks its attacker counts as fallen."""

from collections.abc import Iterator
from contextlib import ExitStack

import pytest

from warroom.app.bench.hostile import NoSuchDoorError, bench_hostile, doors
from warroom.app.bench.hostile.field import Check, Field


@pytest.fixture(scope="module")
def field() -> Iterator[Field]:
    with ExitStack() as stack:
        yield Field(stack, quick=True)


@pytest.mark.parametrize("door", doors())
def test_door_holds(door: str, field: Field) -> None:
    result = bench_hostile([door], quick=True, field=field)

    assert result["checks"], "an attack that tries nothing proves nothing"
    assert [check for check in result["checks"] if not check["held"]] == []


def test_a_door_that_breaks_its_attacker_counts_as_fallen(monkeypatch: pytest.MonkeyPatch) -> None:
    def checks(field: Field) -> Iterator[Check]:
        yield Check("first", held=True)
        raise ConnectionResetError

    monkeypatch.setattr("warroom.app.bench.hostile.requests.checks", checks)

    result = bench_hostile(["requests"])

    assert [True, False] == [check["held"] for check in result["checks"]]
    assert 1 == result["failed"]


def test_an_unknown_door_is_refused() -> None:
    with pytest.raises(NoSuchDoorError):
        bench_hostile(["cellar"])
