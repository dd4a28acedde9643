"""The agents at the edge: whose browser's sound is open, who is free, since when."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass

from warroom.calls.contracts import AgentLeg
from warroom.calls.errors import NoAgentError
from warroom.calls.rules import Free


@dataclass(frozen=True, slots=True)
class Who:
    """Who an agent is, as `serve` told when they opened their sound; empty where it did not.

    Attributes:
        session: By which session they did.
        label: What they are called: colleagues read it while the database is away.
        agency: Id of whose colleague they are.
    """

    session: str = ""
    label: str = ""
    agency: str = ""


NOBODY = Who()


@dataclass(slots=True, eq=False)
class Agent:
    """One agent who signed in.

    Attributes:
        leg: Their browser; None until it offered its sound.
        who: Whose it is.
        call: Id of the call they have; empty while none.
        is_paused: Whether they take no call for now.
        is_calling: Whether somebody is being called for them.
        idle_since: Since when they have no call (seconds, monotonic).
        wrap_until: Until when they write up their last call.
    """

    name: str
    idle_since: float
    leg: AgentLeg | None = None
    who: Who = NOBODY
    call: str = ""
    is_paused: bool = False
    is_calling: bool = False
    wrap_until: float = 0.0

    @property
    def is_busy(self) -> bool:
        """Whether they have a call, or one is being made for them."""
        return bool(self.call) or self.is_calling

    @property
    def is_there(self) -> bool:
        """Whether sound can go to their browser now."""
        return self.leg is not None and self.leg.alive() and self.leg.is_open


class Agents:
    """All of them.

    Args:
        monotonic: Seconds.
    """

    def __init__(self, monotonic: Callable[[], float]) -> None:
        self._monotonic = monotonic
        self._known: dict[str, Agent] = {}

    def __iter__(self) -> Iterator[Agent]:
        return iter(list(self._known.values()))

    def sign_in(self, name: str) -> Agent:
        """The agent, known from now on."""
        return self._known.setdefault(name, Agent(name, self._monotonic()))

    def sign_out(self, name: str) -> Agent | None:
        """Forgets the agent."""
        return self._known.pop(name, None)

    def find(self, name: str) -> Agent | None:
        """The agent, if they signed in."""
        return self._known.get(name)

    def get_there(self, name: str) -> Agent:
        """The agent, with an open leg.

        Raises:
            NoAgentError: They are not signed in, or their sound is not open.
        """
        found = self._known.get(name)
        if found is None or not found.is_there:
            raise NoAgentError
        return found

    def free(self, rung: set[str]) -> list[Free]:
        """Who could take a call now and is not rung already."""
        now = self._monotonic()
        return [
            Free(agent.name, agent.idle_since)
            for agent in self
            if agent.is_there
            and not agent.is_busy
            and not agent.is_paused
            and now >= agent.wrap_until
            and agent.name not in rung
        ]

    def release(self, name: str, wrap_s: float = 0.0) -> None:
        """Their call is over; they write it up for so long at the most."""
        agent = self._known.get(name)
        if agent is not None:
            agent.call = ""
            agent.idle_since = self._monotonic()
            agent.wrap_until = agent.idle_since + wrap_s
