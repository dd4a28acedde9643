"""What attackers of all doors share: a node of its own, started when it is first needed."""

from contextlib import ExitStack
from dataclasses import dataclass

from warroom.app.bench.node import BenchNode, bench_node


@dataclass(frozen=True, slots=True)
class Check:
    """One attack and its outcome.

    Attributes:
        name: What was tried, as a claim that holds: "An API token is no session".
        held: Whether the claim held.
        figure: What was measured or seen: a number with its unit in the name, or words.
    """

    name: str
    held: bool
    figure: float | str | None = None


class Field:
    """Where the attacks happen.

    Args:
        stack: Ends what was started here.
        quick: Whether few and short attacks are wanted.
    """

    def __init__(self, stack: ExitStack, *, quick: bool = False) -> None:
        self.stack, self.quick = stack, quick
        self._node: BenchNode | None = None

    def node(self) -> BenchNode:
        """A running web server with twelve cameras of one agency; shared by all doors.

        A door that needs other settings, or that may leave the server worse, starts its own with
        `bench_node` on `stack`.
        """
        if self._node is None:
            self._node = self.stack.enter_context(bench_node(12))
        return self._node
