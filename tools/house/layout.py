"""Where things lie: the four homes of a domain, the shape of a plug-in, names of modules."""

import ast
from collections.abc import Iterator
from pathlib import Path

from tools.house.tree import Breach, Tree

DOCSTRING_LINES = 40
EMPTY_WORDS = frozenset({"utils", "util", "common", "helpers", "helper", "misc", "const", "extras"})
PLUGIN_KINDS = frozenset({"vendors", "violations", "sources"})
PLUGIN_DRIVERS = ("driver.py", "detect.py", "read.py")
WITHOUT_HOMES = frozenset({"app", "kernel"})


def is_python(tree: Tree) -> Iterator[Breach]:
    """A file called `.py` is Python."""
    for path in tree.python():
        tree.syntax(path)
    yield from tree.unreadable


def domain_docstrings(tree: Tree) -> Iterator[Breach]:
    """A domain's `__init__` tells what it is for in at most 40 lines, and holds nothing else."""
    for domain in tree.domains:
        init = domain / "__init__.py"
        if not init.exists():
            yield tree.breach(domain, 0, "a domain needs an __init__.py that tells what it is for")
            continue
        module = tree.syntax(init)
        docstring = ast.get_docstring(module)
        if not docstring:
            yield tree.breach(init, 1, "the domain's docstring is missing: purpose, terms, start")
        elif docstring.count("\n") >= DOCSTRING_LINES:
            yield tree.breach(init, 1, f"the docstring is longer than {DOCSTRING_LINES} lines")
        if len(module.body) > 1:
            yield tree.breach(init, module.body[1].lineno, "only a docstring belongs here")


def domain_homes(tree: Tree) -> Iterator[Breach]:
    """A domain has tests and a page of documentation under its own word."""
    for domain in tree.domains:
        if domain.name in WITHOUT_HOMES:
            continue
        if not (tree.root / "docs" / f"{domain.name}.md").exists():
            yield tree.breach(domain, 0, f"docs/{domain.name}.md is missing")
        if not any((tree.root / "tests" / domain.name).glob("test_*.py")):
            yield tree.breach(domain, 0, f"tests/{domain.name}/ holds no test")


def module_names(tree: Tree) -> Iterator[Breach]:
    """No module is called by a word that says nothing about what it holds."""
    for path in tree.python(tree.root / "src", tree.root / "tests", tree.root / "tools"):
        parts = path.relative_to(tree.root).with_suffix("").parts
        empty = EMPTY_WORDS.intersection(parts)
        if empty:
            yield tree.breach(path, 0, f"'{min(empty)}' names nothing; call it by what it holds")


def plugin_shape(tree: Tree) -> Iterator[Breach]:
    """A plug-in's folder has its SPEC, its driver, recorded fixtures, tests and a README."""
    for domain in tree.domains:
        for kind in sorted(PLUGIN_KINDS):
            folder = domain / kind
            if not folder.is_dir():
                continue
            for plugin in sorted(folder.iterdir()):
                if plugin.is_dir() and plugin.name != "__pycache__":
                    yield from _shape_of_plugin(tree, plugin)


def _shape_of_plugin(tree: Tree, plugin: Path) -> Iterator[Breach]:
    init = plugin / "__init__.py"
    if not init.exists() or "SPEC" not in _assigned(tree.syntax(init)):
        yield tree.breach(plugin, 0, "the plug-in's __init__.py must assign SPEC")
    if not any((plugin / name).exists() for name in PLUGIN_DRIVERS):
        yield tree.breach(plugin, 0, f"one of {', '.join(PLUGIN_DRIVERS)} is missing")
    if not (plugin / "README.md").exists():
        yield tree.breach(plugin, 0, "README.md is missing: models tried, limits, source")
    if not any(path.is_file() for path in (plugin / "fixtures").glob("*")):
        yield tree.breach(plugin, 0, "fixtures/ holds no recorded exchange")
    if not any(plugin.glob("test_*.py")):
        yield tree.breach(plugin, 0, "test_*.py is missing")


def _assigned(module: ast.Module) -> set[str]:
    names = set()
    for statement in module.body:
        if isinstance(statement, ast.Assign):
            names |= {target.id for target in statement.targets if isinstance(target, ast.Name)}
        elif isinstance(statement, ast.AnnAssign) and isinstance(statement.target, ast.Name):
            names.add(statement.target.id)
    return names


RULES = (is_python, domain_docstrings, domain_homes, module_names, plugin_shape)
