"""Adds or changes one text in both languages: `tools/message.py KEY "Indonesian" "English"`.

The files stay flat and sorted, and are locked while written, so that two people adding texts at
the same time lose none.
"""

import fcntl
import json
import re
import sys
from pathlib import Path

LOCALES = Path(__file__).parent.parent / "src" / "warroom" / "locales"
KEY = re.compile(r"^[a-z0-9_]+(\.[a-z0-9_]+)+$")


def main(arguments: list[str]) -> int:
    """Writes the text and returns the exit code; refuses a key that is not `domain.word`."""
    if len(arguments) != 3 or not KEY.match(arguments[0]):
        print('usage: tools/message.py KEY "Indonesian" "English"', file=sys.stderr)
        return 2
    key, *texts = arguments
    if sorted(re.findall(r"\{(\w+)\}", texts[0])) != sorted(re.findall(r"\{(\w+)\}", texts[1])):
        print(f"{key}: the two languages name different {{parameters}}", file=sys.stderr)
        return 1
    with (LOCALES / "id.json").open("r+") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        for language, text in zip(("id", "en"), texts, strict=True):
            path = LOCALES / f"{language}.json"
            messages = json.loads(path.read_text("utf-8"))
            messages[key] = text
            ordered = json.dumps(messages, ensure_ascii=False, indent=1, sort_keys=True)
            path.write_text(ordered + "\n", "utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
