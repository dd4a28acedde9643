"""Begins a domain in its four homes: `tools/new_domain.py WORD "What it is for."`.

The word must stand in a tier of `.importlinter` already: which tier is a decision, not a default.
What is written here passes every check; fill it in from the contracts upward.
"""

import re
import sys
from collections.abc import Sequence
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
WORD = re.compile(r"^[a-z][a-z]+$")

FILES = {
    "src/warroom/{word}/__init__.py": '''\
"""{purpose}

Purpose: what this domain answers for, and what it leaves to others.

Terms (standard, clause): a *thing* is ...

Begin with `contracts.py`, then `service.py`.
"""
''',
    "src/warroom/{word}/contracts.py": '''\
"""What crosses the border of `{word}`: frozen values, identifiers, events."""
''',
    "src/warroom/{word}/errors.py": '''\
"""What can go wrong in `{word}`; the text a person reads is the message `error.<code>`."""
''',
    "src/warroom/{word}/rules.py": '''\
"""Decisions of `{word}`: pure functions; the time is an argument."""
''',
    "src/warroom/{word}/store.py": '''\
"""All SQL of `{word}`: each function takes the scope first, then the transaction."""
''',
    "src/warroom/{word}/service.py": '''\
"""Use cases of `{word}`: authorise, load, decide, save, audit, publish, in one transaction."""
''',
    "src/warroom/{word}/api.py": '''\
"""The functions of `{word}` that other domains call."""
''',
    "src/warroom/{word}/routes.py": '''\
"""Addresses of `{word}`: read the request, call `api`, answer."""

from warroom.kernel.http import Router

router = Router("{word}")
''',
    "tests/{word}/__init__.py": "",
    "tests/{word}/test_{word}.py": '''\
"""Claims about `{word}`; the first tests of a route: anonymous 401, another agency 404."""

from warroom.{word}.routes import router


def test_{word}_lies_under_its_own_word() -> None:
    assert "/api/{word}" == router.prefix
''',
    "docs/{word}.md": """\
# {title}

{purpose}

## Terms

## How data goes

## Limits
""",
}


def tier_of(root: Path, word: str) -> str | None:
    """The line of the tiers in `.importlinter` that names the domain, or None."""
    lines = (root / ".importlinter").read_text("utf-8").splitlines()
    return next((line.strip() for line in lines if f"({word})" in line), None)


def begin(root: Path, word: str, purpose: str) -> list[Path]:
    """Writes the files of the domain and returns them; nothing is ever overwritten.

    Raises:
        ValueError: The word cannot be used, with the reason.
    """
    if not WORD.match(word):
        message = f"{word}: a domain is one word of small letters"
        raise ValueError(message)
    if tier_of(root, word) is None:
        message = f"{word}: choose its tier first, by writing ({word}) into .importlinter"
        raise ValueError(message)
    written = {root / path.format(word=word): text for path, text in FILES.items()}
    taken = [path for path in written if path.exists()]
    if taken:
        message = f"{word}: {taken[0].relative_to(root)} is there already"
        raise ValueError(message)
    sentence = purpose.strip().rstrip(".") + "."
    for path, text in written.items():
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text.format(word=word, title=word.capitalize(), purpose=sentence), "utf-8")
    return list(written)


def main(arguments: Sequence[str]) -> int:
    """Begins the domain and says what comes next."""
    if len(arguments) != 2:
        print('usage: tools/new_domain.py WORD "What it is for."', file=sys.stderr)
        return 2
    try:
        written = begin(ROOT, *arguments)
    except ValueError as error:
        print(error, file=sys.stderr)
        return 1
    for path in written:
        print(path.relative_to(ROOT))
    print(
        "Next: take its router into src/warroom/app/wiring.py and its commands into"
        " src/warroom/app/cli.py, then run tools/domain_map.py.",
        "The page, when it has one, goes into web/src/" + arguments[0] + "/.",
    )
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
