"""Texts for people: both languages say the same things, and every key that is used has a text."""

import ast
import json
import re
from collections.abc import Iterator
from pathlib import Path

from tools.house.tree import Breach, Tree

LANGUAGES = ("id", "en")
KEY = re.compile(r"^[a-z0-9_]+(\.[a-z0-9_]+)+$")
PARAMETER = re.compile(r"\{(\w+)\}")
# `t('camera.title')` in the pages; a key put together from parts ends in a dot and is not seen.
USED_IN_WEB = re.compile(r"""\bt\(\s*(['"`])([a-z0-9_.]+)\1""")
USED_IN_PYTHON = frozenset({"text"})


def catalogues(tree: Tree) -> dict[str, dict[str, str]]:
    """The texts of each language by key; a missing file has none."""
    found = {}
    for language in LANGUAGES:
        path = locale_path(tree, language)
        found[language] = json.loads(tree.text(path)) if path.exists() else {}
    return found


def locale_path(tree: Tree, language: str) -> Path:
    """The file of a language's texts."""
    return tree.product / "locales" / f"{language}.json"


def both_languages(tree: Tree) -> Iterator[Breach]:
    """Each key stands in both files, in order, with the same parameters and a text."""
    texts = catalogues(tree)
    for language in LANGUAGES:
        path = locale_path(tree, language)
        keys = list(texts[language])
        if keys != sorted(keys):
            yield tree.breach(path, 0, "the keys are not sorted; add texts with tools/message.py")
        for key in keys:
            if not KEY.match(key):
                yield tree.breach(path, 0, f"{key}: a key is `domain.word`, small letters")
            if not texts[language][key].strip():
                yield tree.breach(path, 0, f"{key}: the text is empty")
        for key in sorted(set().union(*texts.values()) - set(keys)):
            yield tree.breach(path, 0, f"{key}: no text in this language")
    for key in sorted(set(texts["id"]) & set(texts["en"])):
        wanted, given = (set(PARAMETER.findall(texts[language][key])) for language in LANGUAGES)
        if wanted != given:
            text = f"{key}: {{parameters}} differ: {sorted(wanted)} and {sorted(given)}"
            yield tree.breach(locale_path(tree, "en"), 0, text)


def used_keys(tree: Tree) -> Iterator[Breach]:
    """Every key that code or page names has a text; every error's code as well."""
    known = set(catalogues(tree)["id"])
    for path, line, key in sorted(_uses(tree)):
        if key not in known:
            yield tree.breach(path, line, f"{key}: no text; add one with tools/message.py")


def _uses(tree: Tree) -> Iterator[tuple[Path, int, str]]:
    for path in tree.python(tree.product):
        module = tree.syntax(path)
        for node in ast.walk(module):
            if isinstance(node, ast.ClassDef):
                yield from ((path, line, f"error.{code}") for line, code in _codes(node))
            elif isinstance(node, ast.Call):
                yield from ((path, node.lineno, key) for key in _named_texts(node))
    for path in tree.files:
        if path.suffix in {".svelte", ".ts"} and not path.name.endswith(".test.ts"):
            content = tree.text(path)
            for match in USED_IN_WEB.finditer(content):
                if not match[2].endswith("."):
                    yield path, content.count("\n", 0, match.start()) + 1, match[2]


def _codes(node: ast.ClassDef) -> Iterator[tuple[int, str]]:
    """Codes of the errors: `code = "cameras.not_found"` in the body of a class called ...Error."""
    if not node.name.endswith("Error"):
        return
    for statement in node.body:
        targets = statement.targets if isinstance(statement, ast.Assign) else []
        if isinstance(statement, ast.AnnAssign):
            targets = [statement.target]
        names = {target.id for target in targets if isinstance(target, ast.Name)}
        value = getattr(statement, "value", None)
        if "code" in names and isinstance(value, ast.Constant) and isinstance(value.value, str):
            yield statement.lineno, value.value


def _named_texts(call: ast.Call) -> Iterator[str]:
    """The key of `text(language, "camera.title", ...)` of kernel.i18n."""
    name = call.func.attr if isinstance(call.func, ast.Attribute) else getattr(call.func, "id", "")
    if name in USED_IN_PYTHON and len(call.args) > 1:
        key = call.args[1]
        if isinstance(key, ast.Constant) and isinstance(key.value, str) and KEY.match(key.value):
            yield key.value


RULES = (both_languages, used_keys)
