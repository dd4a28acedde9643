"""What a check finds, and what it is given to look with."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

from warroom.app.node import Node

type State = Literal["ok", "warning", "failed", "unknown"]


@dataclass(frozen=True, slots=True)
class Found:
    """One thing that was looked at.

    Attributes:
        name: Of the check: `disk`, `database`. Several findings may share it.
        state: `unknown` where it could not be looked at.
        word: Names the texts `app.doctor_<word>` (why) and `app.doctor_do_<word>` (what to do).
        params: Values for both texts.
    """

    name: str
    state: State
    word: str
    params: Mapping[str, object] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Patient:
    """The node that is looked at, and the connection string of a role that sees all rows."""

    node: Node
    dsn: str
