"""Makes the list of known passwords: `tools/password_list.py COMMON ID`, two unpacked npm packages.

    npm pack @zxcvbn-ts/language-common@4.1.3 @zxcvbn-ts/language-id@4.1.1

The first holds the passwords most often found in breaches, the second Indonesian names; both are
under the MIT licence, which is kept beside the list. Run by hand when a newer list is wanted: the
product ships what this wrote and asks no network.
"""

import gzip
import json
import sys
from pathlib import Path

TARGET = Path(__file__).parent.parent / "src" / "warroom" / "identity"
LEAST = 4
"""Shorter ones are not told apart from parts of good passwords."""


def words(folder: Path, name: str) -> set[str]:
    """The entries of one dictionary, in small letters."""
    listed = json.loads((folder / "src" / f"{name}.json").read_text("utf-8"))
    return {str(word).casefold() for word in listed}


def version(folder: Path) -> str:
    """What the package calls itself, with its version and licence."""
    told = json.loads((folder / "package.json").read_text("utf-8"))
    return f"{told['name']} {told['version']} ({told['license']})"


def main(arguments: list[str]) -> int:
    """Writes the list; gives the exit code."""
    if len(arguments) != 2:
        print("usage: tools/password_list.py COMMON ID", file=sys.stderr)
        return 2
    common, indonesian = map(Path, arguments)
    found = words(common, "passwords") | words(indonesian, "names")
    lines = [f"# {version(common)}", f"# {version(indonesian)}"]
    lines += sorted(word for word in found if len(word) >= LEAST and "\n" not in word)
    content = "\n".join(lines).encode() + b"\n"
    (TARGET / "known_passwords.txt.gz").write_bytes(gzip.compress(content, 9, mtime=0))
    licence = (common / "LICENSE.txt").read_text("utf-8")
    (TARGET / "known_passwords.LICENSE").write_text(licence, "utf-8")
    print(f"{len(lines) - 2} passwords, {len(content)} bytes")
    return 0


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
