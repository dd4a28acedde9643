"""`warroom bench hostile`: plays the outsider at every door and says which ones held.

Each module of this folder is one door, found by its name: it has `checks(field)`, which yields one
`Check` for each attack. A door that breaks the attacker itself counts as not held, and the other
doors are still tried. Everything is local: a node of its own, sockets on loopback.
"""

import pkgutil
from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from importlib import import_module  # noqa: TID251 - the registry of this folder
from typing import Any

from warroom.app.bench.hostile.field import Check, Field
from warroom.kernel.errors import InvalidError


class NoSuchDoorError(InvalidError):
    """No door has this name (`door`, `doors`)."""

    code = "app.bench_no_such_door"


def doors() -> list[str]:
    """The names of all doors, in alphabetical order."""
    return [name for _, name, _ in pkgutil.iter_modules(__path__) if name != "field"]


def bench_hostile(
    only: Sequence[str] = (), *, quick: bool = False, field: Field | None = None
) -> dict[str, Any]:
    """Attacks the doors, one after the other.

    Args:
        only: Names of doors; all if empty.
        quick: Fewer and shorter attacks, for the suite.
        field: Where they happen; one of its own if not given.

    Returns:
        `checks`: `{door, name, held, figure}` each; `failed`: how many did not hold.

    Raises:
        NoSuchDoorError: A name in `only` is no door.
    """
    known = doors()
    for door in only:
        if door not in known:
            raise NoSuchDoorError(door=door, doors=", ".join(known))
    with ExitStack() as stack:
        field = field or Field(stack, quick=quick)
        told = [
            {"door": door, "name": check.name, "held": check.held, "figure": check.figure}
            for door in (only or known)
            for check in _attack(door, field)
        ]
    return {"checks": told, "failed": sum(not check["held"] for check in told)}


def _attack(door: str, field: Field) -> Iterator[Check]:
    try:
        yield from import_module(f"{__name__}.{door}").checks(field)
    except Exception as error:  # noqa: BLE001 - the other doors are still to be tried
        yield Check(f"{door} attacked to the end", held=False, figure=f"{error!r}"[:400])
