"""Begins a plug-in in its one folder: `tools/new_plugin.py DOMAIN KIND NAME`.

    tools/new_plugin.py cameras vendors dahua
    tools/new_plugin.py enforcement violations red_light
    tools/new_plugin.py hub sources open311

The registry of the domain finds the folder; no other file is touched.
"""

import re
import sys
from collections.abc import Sequence
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
NAME = re.compile(r"^[a-z][a-z0-9_]*$")
DRIVERS = {"vendors": "driver", "violations": "detect", "sources": "read"}

FILES = {
    "__init__.py": '''\
"""{name}: what it is, and by which standard or manual it is reached."""

SPEC = {{"name": "{name}", "driver": "warroom.{domain}.{kind}.{name}.{driver}"}}
"""Light on purpose: listing the plug-ins imports no driver."""
''',
    "{driver}.py": '''\
"""The work of `{name}`; imported only when it is used."""
''',
    "README.md": """\
# {name}

Models or versions tried, limits, source of what is known.

| quality | yes/no | where, when |
|---|---|---|
| reconnects | no | |
| time sync | no | |
| tested with recorded exchanges | no | |
| tried on the real thing | no | |
""",
    "fixtures/README.md": """\
Recorded exchanges: what the other side really sent, with the date and the model. No password, no
plate, no face, no phone number.
""",
    "test_{name}.py": '''\
"""Claims about `{name}`, held against recorded exchanges."""

from warroom.{domain}.{kind}.{name} import SPEC


def test_{name}_is_called_by_the_word_of_its_folder() -> None:
    assert "{name}" == SPEC["name"]
''',
}


def begin(root: Path, domain: str, kind: str, name: str) -> list[Path]:
    """Writes the plug-in's folder and returns its files; nothing is ever overwritten.

    Raises:
        ValueError: There is no such domain or kind, or the name is taken or cannot be used.
    """
    if kind not in DRIVERS:
        message = f"{kind}: a plug-in is one of {', '.join(DRIVERS)}"
        raise ValueError(message)
    if not NAME.match(name):
        message = f"{name}: a plug-in is called by small letters, digits and _"
        raise ValueError(message)
    home = root / "src" / "warroom" / domain
    if not (home / "__init__.py").exists():
        message = f"{domain}: there is no such domain"
        raise ValueError(message)
    folder = home / kind / name
    if folder.exists():
        message = f"{name}: {folder.relative_to(root)} is there already"
        raise ValueError(message)
    words = {"domain": domain, "kind": kind, "name": name, "driver": DRIVERS[kind]}
    written = []
    for path, text in FILES.items():
        target = folder / path.format(**words)
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_text(text.format(**words), "utf-8")
        written.append(target)
    init = home / kind / "__init__.py"
    if not init.exists():
        init.write_text(
            f'"""Plug-ins of `{domain}`: one folder each, found by itself."""\n', "utf-8"
        )
        written.append(init)
    return written


def main(arguments: Sequence[str]) -> int:
    """Begins the plug-in and names its files."""
    if len(arguments) != 3:
        print("usage: tools/new_plugin.py DOMAIN KIND NAME", file=sys.stderr)
        return 2
    try:
        written = begin(ROOT, *arguments)
    except ValueError as error:
        print(error, file=sys.stderr)
        return 1
    for path in written:
        print(path.relative_to(ROOT))
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
