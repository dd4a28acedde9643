"""A city is a profile: outside profiles and the demonstration nothing names one city or country."""

import ast
import re
from collections.abc import Iterator

from tools.house.tree import Breach, Tree

NAMED = re.compile(
    r"makassar|indonesia\b|\bwita\b|asia/|sulawesi|helsinki|\bporto\b", re.IGNORECASE
)
DIALLED = re.compile(r"^\+?\(?(62|351|358)([|)0-9].*)?$")
ITS_OWN = ("locales/", "profiles/", "app/migrations/", "app/static/", "app/demo", "app/bench/")
ALSO = ("identity/sample.py",)
"""The agencies of the demonstration."""


def nothing_names_a_city(tree: Tree) -> Iterator[Breach]:
    """No text in the product's code names a city, its country, zone or dialling code."""
    for path in tree.python(tree.product):
        inside = path.relative_to(tree.product).as_posix()
        if inside.startswith(ITS_OWN) or inside in ALSO:
            continue
        for node in ast.walk(tree.syntax(path)):
            if not isinstance(node, ast.Constant) or not isinstance(node.value, str):
                continue
            found = NAMED.search(node.value) or DIALLED.match(node.value)
            if found:
                text = (
                    f"{found[0]!r} names a city; it belongs into a profile (src/warroom/profiles)"
                )
                yield tree.breach(path, node.lineno, text)


RULES = (nothing_names_a_city,)
