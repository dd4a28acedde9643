"""Texts for people: one JSON file per language, read here and by the web pages alike."""

import json
import os
from functools import cache
from importlib.resources import files

LANGUAGES = ("id", "en")


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

    A parameter called `field` is the name of a field: people read the word for it (`field.<name>`).
    A key without a text gives the key itself, and a parameter that is missing stays as it is
    written: a person gets an odd word rather than a failure (tests find both).
    """
    texts = catalogue(language)
    if "field" in params:
        params["field"] = texts.get(f"field.{params['field']}", params["field"])
    return texts.get(key, key).format_map(_Lenient(params))


class _Lenient(dict[str, object]):
    def __missing__(self, key: str) -> str:
        return f"{{{key}}}"
