"""Guards that no test can miss alone, because another says the same: each with its reason.

Each is proven with the other one away; and when a test misses it alone, its line here is stale and
the run fails. As few as possible: where two guards say the same for no reason, one goes.
"""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Equivalent:
    """Why a guard stands behind another.

    Attributes:
        behind: Names of the guards that say the same; with them away tests must miss this one.
        why: What it is good for nevertheless.
    """

    behind: tuple[str, ...]
    why: str


EQUIVALENTS: dict[str, Equivalent] = {
    "route DELETE /api/roles/{role_name}": Equivalent(
        ("identity/store/roles.py _visible narrow",),
        "The store narrows by the same word. Routes are told apart from their stores by questions"
        " that cannot be read, and any word can be a role's name.",
    ),
}
