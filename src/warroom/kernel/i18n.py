"""Texts for people: one JSON file per language, read here and by the web pages alike."""

import json
import os
import re
from functools import cache
from importlib.resources import files

LANGUAGES = ("id", "en")
_ONE_OR_MANY = re.compile(r"\{(\w+):([^|{}]*)\|([^|{}]*)\}")
# Parameters that are words of the program: people read the text of `field.<name>` instead.
_NAMED = ("field", "problem")


def language_of_terminal() -> str:
    """The language of whoever sits at a terminal: Indonesian where `LANG` says so, else English."""
    return "id" if os.environ.get("LANG", "").startswith("id") else "en"


@cache
def catalogue(language: str) -> dict[str, str]:
    """All texts of a language by key; an unknown language gets Indonesian."""
    name = language if language in LANGUAGES else "id"
    content = files("warroom").joinpath("locales", f"{name}.json").read_text("utf-8")
    messages: dict[str, str] = json.loads(content)
    return messages


def text(language: str, key: str, **params: object) -> str:
    """The text of `key`, its `{parameters}` filled in.

    A parameter called `field` is the name of a field: people read the word for it (`field.<name>`);
    so with `problem`. `{count:gap|gaps}` is the first word for a count of 1, else the second.
    A key without a text gives the key itself, and a parameter that is missing stays as it is
    written: a person gets an odd word rather than a failure (tests find both).
    """
    texts = catalogue(language)
    for name in _NAMED:
        if name in params:
            params[name] = texts.get(f"{name}.{params[name]}", params[name])
    written = _ONE_OR_MANY.sub(
        lambda found: found[2] if str(params.get(found[1])) == "1" else found[3],
        texts.get(key, key),
    )
    return written.format_map(_Lenient(params))


class _Lenient(dict[str, object]):
    def __missing__(self, key: str) -> str:
        return f"{{{key}}}"
