"""Checks the rules of the house: `python -m tools.house_lint [ROOT]`.

Prints each breach as `path:line: what`, and a reading of the sizes, which are never enforced.
"""

import sys
from collections.abc import Sequence
from pathlib import Path

from tools.house import city, layout, messages, paper, readings, scope
from tools.house.tree import Breach, Rule, Tree

ROOT = Path(__file__).resolve().parent.parent
RULES: tuple[Rule, ...] = (*layout.RULES, *scope.RULES, *messages.RULES, *paper.RULES, *city.RULES)


def breaches(root: Path, rules: Sequence[Rule] = RULES) -> list[Breach]:
    """Everything that is broken below `root`, in order of file and line."""
    tree = Tree(root)
    return sorted(breach for rule in rules for breach in rule(tree))


def main(arguments: Sequence[str]) -> int:
    """Prints what is broken; 1 when something is."""
    root = Path(arguments[0]).resolve() if arguments else ROOT
    found = breaches(root)
    for breach in found:
        print(breach)
    print(f"reading: {readings.sizes(Tree(root))}")
    if found:
        print(f"{len(found)} broken")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
