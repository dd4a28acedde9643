"""What is written down: decisions, changelog, glossary, links; and what must never be."""

import re
from collections.abc import Iterator
from pathlib import Path

from tools.house.tree import Breach, Tree

HEADINGS = ("Context", "Decision", "Consequences", "Alternatives", "References")
DECISION = re.compile(r"^(\d{4})-[a-z0-9-]+\.md$")
FRAGMENT = re.compile(r"^[a-z0-9-]+\.(added|changed|fixed|removed|security)\.md$")
LINK = re.compile(r"!?\[[^\]]*\]\(([^)#\s]+)(?:#[^)]*)?\)")
# Spelled with escapes, so that this file does not name them itself.
REGISTRY = re.compile(
    r"\b(?:pypi\.org|py(?:thon)?hosted\.org|registry\.(?:npmjs|yarnpkg)\.\w+|deb\.debian\.org"
    r"|crates\.io|proxy\.golang\.org)\b"
)
MACHINE_PATH = re.compile(r"(?<![\w.@~-])/(?:work|root|home/\w+)/[\w.]")
OUTSIDE = re.compile(r"\.\./shared\b")
MAY_LOOK_OUTSIDE = frozenset({"conftest.py"})
LARGEST_TEXT_BYTES = 2_000_000


def decisions(tree: Tree) -> Iterator[Breach]:
    """A decision record has a number of its own and the five headings in their order."""
    folder = tree.root / "docs" / "decisions"
    seen: dict[str, Path] = {}
    for path in sorted(folder.glob("*.md")):
        match = DECISION.match(path.name)
        if path.name == "README.md":
            continue
        if not match:
            yield tree.breach(path, 0, "a decision is called NNNN-few-words.md")
            continue
        if match[1] in seen:
            yield tree.breach(path, 0, f"number {match[1]} is taken by {seen[match[1]].name}")
        seen[match[1]] = path
        headings = re.findall(r"^## (.+?)\s*$", tree.text(path), re.MULTILINE)
        if tuple(headings) != HEADINGS:
            yield tree.breach(path, 0, f"the headings are {' / '.join(HEADINGS)}")


def changelog(tree: Tree) -> Iterator[Breach]:
    """A fragment of the changelog is named after its kind and is one sentence."""
    for path in sorted((tree.root / "changelog.d").glob("*")):
        if path.name == "README.md":
            continue
        if not FRAGMENT.match(path.name):
            yield tree.breach(path, 0, "call it <word>.<added|changed|fixed|removed|security>.md")
        elif len(tree.text(path).strip().splitlines()) != 1:
            yield tree.breach(path, 0, "one sentence on one line, for the user")


def glossary(tree: Tree) -> Iterator[Breach]:
    """The glossary's terms are in order, each once, in four columns."""
    path = tree.root / "docs" / "glossary.md"
    if not path.exists():
        return
    previous = ""
    for number, line in enumerate(tree.text(path).splitlines(), 1):
        if not line.startswith("| ") or line.startswith(("| term |", "| ---")):
            continue
        columns = [cell.strip() for cell in line.strip().strip("|").split(" | ")]
        term = columns[0].casefold()
        if len(columns) != 4:
            yield tree.breach(path, number, "a row is | term | meaning | standard | Indonesian |")
        if term <= previous:
            yield tree.breach(path, number, f"'{columns[0]}' is out of order, or there twice")
        previous = max(previous, term)


def links(tree: Tree) -> Iterator[Breach]:
    """A link to a file of the repository leads somewhere."""
    for path in tree.files:
        if path.suffix != ".md":
            continue
        content = tree.text(path)
        for match in LINK.finditer(content):
            target = match[1]
            if "://" in target or target.startswith(("mailto:", "/", "<")):
                continue
            if not (path.parent / target).exists():
                line = content.count("\n", 0, match.start()) + 1
                yield tree.breach(path, line, f"the link to {target} leads nowhere")


def no_place_of_ours(tree: Tree) -> Iterator[Breach]:
    """No file names a package registry or a path of one machine: both differ elsewhere."""
    for path in tree.files:
        if not path.exists() or path.stat().st_size > LARGEST_TEXT_BYTES:
            continue
        content = tree.text(path)
        if "\0" in content[:4096]:
            continue
        name = str(path.relative_to(tree.root))
        for pattern, what in (
            (REGISTRY, "a package registry"),
            (MACHINE_PATH, "one machine's path"),
        ):
            for match in pattern.finditer(content):
                line = content.count("\n", 0, match.start()) + 1
                yield tree.breach(path, line, f"names {what}: {match[0]}")
        if name not in MAY_LOOK_OUTSIDE and not name.startswith("tools/house/"):
            for match in OUTSIDE.finditer(content):
                line = content.count("\n", 0, match.start()) + 1
                yield tree.breach(path, line, f"looks outside of the repository: {match[0]}")


RULES = (decisions, changelog, glossary, links, no_place_of_ours)
