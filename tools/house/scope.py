"""Who may see what: every query is narrowed by a scope, and scopes are made in one place."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

from tools.house.tree import Breach, Tree

UNSCOPED = re.compile(r"#\s*unscoped:\s*\S+")
SCOPE_MODULE = "warroom.kernel.scope"

type Function = ast.FunctionDef | ast.AsyncFunctionDef


def store_functions(tree: Tree) -> Iterator[Breach]:
    """A function of a `store` takes `scope` first, or says why not: `# unscoped: reason`."""
    for path in tree.python(tree.product):
        if not _is_store(path, tree):
            continue
        lines = tree.text(path).splitlines()
        for function in _functions(tree.syntax(path)):
            arguments = [argument.arg for argument in _positional(function)]
            if not _asks_the_database(function, arguments) or arguments[:1] == ["scope"]:
                continue
            if not _gives_a_reason(function, lines):
                text = f"{function.name}: `scope` comes first, or write `# unscoped: <reason>`"
                yield tree.breach(path, function.lineno, text)


def _is_store(path: Path, tree: Tree) -> bool:
    parts = path.relative_to(tree.product).with_suffix("").parts
    return len(parts) > 1 and parts[0] != "kernel" and ("store" in parts[1:])


def _functions(module: ast.Module) -> Iterator[Function]:
    for node in ast.walk(module):
        bodies = node.body if isinstance(node, ast.Module | ast.ClassDef) else []
        for child in bodies:
            if isinstance(child, ast.FunctionDef | ast.AsyncFunctionDef):
                yield child


def _positional(function: Function) -> list[ast.arg]:
    arguments = [*function.args.posonlyargs, *function.args.args]
    return arguments[1:] if arguments and arguments[0].arg in {"self", "cls"} else arguments


def _asks_the_database(function: Function, arguments: list[str]) -> bool:
    return not function.name.startswith("_") or "tx" in arguments


def _gives_a_reason(function: Function, lines: list[str]) -> bool:
    """The reason stands between the line above the function and the first line of its body."""
    first = min([function.lineno, *(item.lineno for item in function.decorator_list)])
    return any(UNSCOPED.search(line) for line in lines[max(0, first - 2) : function.body[0].lineno])


def scope_makers(tree: Tree) -> Iterator[Breach]:
    """`Scope` and `Rule` are made in `identity` and in `kernel.scope`, nowhere else."""
    allowed = (tree.product / "identity", tree.product / "kernel" / "scope.py")
    for path in tree.python(tree.root / "src"):
        if any(path.is_relative_to(place) for place in allowed):
            continue
        module = tree.syntax(path)
        made = _names_of_the_scope(module)
        for node in ast.walk(module):
            if isinstance(node, ast.Call) and _called(node) in made and not _grants_nothing(node):
                text = f"{_called(node)}(...) is made in identity only; ask identity.api"
                yield tree.breach(path, node.lineno, text)


def _names_of_the_scope(module: ast.Module) -> set[str]:
    """The words by which this module can call the two classes."""
    names = set()
    for node in ast.walk(module):
        if isinstance(node, ast.ImportFrom) and node.module == SCOPE_MODULE:
            names |= {
                alias.asname or alias.name
                for alias in node.names
                if alias.name in {"Scope", "Rule"}
            }
        elif isinstance(node, ast.ImportFrom) and node.module == "warroom.kernel":
            for alias in node.names:
                if alias.name == "scope":
                    names |= {f"{alias.asname or 'scope'}.{name}" for name in ("Scope", "Rule")}
        elif isinstance(node, ast.Import):
            for alias in node.names:
                if alias.name == SCOPE_MODULE:
                    names |= {f"{alias.asname or SCOPE_MODULE}.{n}" for n in ("Scope", "Rule")}
    return names


def _grants_nothing(call: ast.Call) -> bool:
    """`Scope(rules=(), ...)`: somebody who may do nothing may be made anywhere."""
    return any(
        keyword.arg == "rules" and isinstance(keyword.value, ast.Tuple) and not keyword.value.elts
        for keyword in call.keywords
    )


def _called(call: ast.Call) -> str:
    return ast.unparse(call.func) if isinstance(call.func, ast.Name | ast.Attribute) else ""


JUDGEMENTS = {"allows", "purpose_of", "footage_of", "publish"}
"""Calls that are told the sides of a thing; `narrow` is told their columns."""

SIDES = {"agency_id", "place", "object_id", "tags", "class_"}
COLUMNS = {"agency", "place", "id", "tags", "class_"}
_MAY_BE_ALL = {"agency_id", "object_id"}
"""Of a thing that has an owner and an id and no more, the others need not be named."""


def whole_things(tree: Tree) -> Iterator[Breach]:
    """A judgement names every side of its thing: one that is forgotten lets a denial by it pass.

    `**camera.sides` and `**columns_of("c")` name all of them. What stands without place, tags and
    class must have none: a test asks every route about that (tests/app/test_whole_things.py).
    """
    for path in tree.python(tree.product):
        if path == tree.product / "kernel" / "scope.py":
            continue
        for node in ast.walk(tree.syntax(path)):
            if not isinstance(node, ast.Call) or not isinstance(node.func, ast.Attribute):
                continue
            missing = _unnamed(node.func.attr, node.keywords)
            if missing:
                text = f"{node.func.attr}: name {', '.join(missing)} too, if only as None"
                yield tree.breach(path, node.lineno, text)


def _unnamed(call: str, keywords: list[ast.keyword]) -> list[str]:
    named = {keyword.arg for keyword in keywords}
    if None in named:
        return []
    if call in {"narrow", "narrow_denied"}:
        return sorted(COLUMNS - named)
    is_judgement = call in JUDGEMENTS and "agency_id" in named
    return sorted(SIDES - named) if is_judgement and named & SIDES - _MAY_BE_ALL else []


RULES = (store_functions, scope_makers, whole_things)
