"""Sizes of the code, as a reading for whoever wants to know: nothing is enforced here."""

import ast
from statistics import median, quantiles

from tools.house.tree import Tree


def sizes(tree: Tree) -> str:
    """One line: modules and functions by length, broad `except`, tests against source."""
    source = tree.python(tree.root / "src")
    tests = tree.python(tree.root / "tests")
    lines = {path: tree.text(path).count("\n") for path in source}
    functions = [
        (node.end_lineno or node.lineno) - node.lineno + 1
        for path in source
        for node in ast.walk(tree.syntax(path))
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
    ]
    if not lines or len(functions) < 2:
        return "no code yet"
    tested = sum(tree.text(path).count("\n") for path in tests)
    longest = max(lines, key=lambda path: lines[path])
    name = longest.relative_to(tree.root / "src")
    return (
        f"{sum(lines.values())} lines in {len(lines)} modules, "
        f"median {median(lines.values()):.0f}, p90 {_p90(list(lines.values())):.0f}, "
        f"longest {lines[longest]} ({name}); {len(functions)} functions, "
        f"median {median(functions):.0f}, p90 {_p90(functions):.0f} lines; "
        f"tests:source {tested / sum(lines.values()):.2f}"
    )


def _p90(values: list[int]) -> float:
    return quantiles(values, n=10)[-1] if len(values) > 1 else float(values[0])
