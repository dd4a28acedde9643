"""How many agents a room needs: Erlang C, for calls that come by chance and wait in one queue.

References:
    A. K. Erlang, 1917; NENA-STA-020.1-2020 for the target (90 % within 15 s).
"""

import math
from dataclasses import dataclass

AGENTS_MOST = 500


@dataclass(frozen=True, slots=True)
class Load:
    """What comes.

    Attributes:
        calls_per_h: Calls offered in an hour.
        handling_s: How long an agent has one, with what is written afterwards.
    """

    calls_per_h: float
    handling_s: float

    @property
    def erlang(self) -> float:
        """How many agents are busy on average."""
        return self.calls_per_h * self.handling_s / 3600


@dataclass(frozen=True, slots=True)
class Service:
    """What so many agents give.

    Attributes:
        within: Share of calls answered within the time.
        waiting: Share of calls that wait at all.
        wait_s: Average wait of all; infinite where more comes than can be taken.
        busy: Share of an agent's time.
    """

    agents: int
    within: float
    waiting: float
    wait_s: float
    busy: float


def service(load: Load, agents: int, within_s: float) -> Service:
    """What a number of agents gives under a load."""
    offered = load.erlang
    if offered <= 0:
        return Service(agents, 1.0, 0.0, 0.0, 0.0)
    if agents <= offered:
        return Service(agents, 0.0, 1.0, math.inf, 1.0)
    waiting = _waiting(offered, agents)
    spare = agents - offered
    late = waiting * math.exp(-spare * within_s / load.handling_s)
    wait_s = waiting * load.handling_s / spare
    return Service(agents, 1 - late, waiting, wait_s, offered / agents)


def _waiting(offered: float, agents: int) -> float:
    """The share of calls that wait, by Erlang B, whose recurrence does not overflow."""
    blocked = 1.0
    for count in range(1, agents + 1):
        blocked = offered * blocked / (count + offered * blocked)
    busy = offered / agents
    return blocked / (1 - busy * (1 - blocked))


def agents_needed(load: Load, target: float, within_s: float) -> int | None:
    """The fewest agents that reach the target; None where no room is that big."""
    for agents in range(max(1, math.floor(load.erlang)), AGENTS_MOST + 1):
        if service(load, agents, within_s).within >= target:
            return agents
    return None
