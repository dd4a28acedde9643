"""Texts for people: one JSON file per language, read here and by the web pages alike."""

import json
import os
import re
from functools import cache
from importlib.resources import files

from warroom.kernel import profile
from warroom.kernel.profile import Profile

COMPLETE = ("id", "en")
"""Languages that the product speaks whole; a city's profile brings others."""

_REST = "en"
_ONE_OR_MANY = re.compile(r"\{(\w+):([^|{}]*)\|([^|{}]*)\}")
# Parameters that are words of the program: people read the text of `field.<name>` instead.
_NAMED = ("field", "problem")


def languages() -> tuple[str, ...]:
    """The languages that this city speaks, the first to strangers."""
    return profile.current().languages


def language_in(wanted: str | None) -> str:
    """`wanted` if this city speaks it, else its first language."""
    spoken = languages()
    return wanted if wanted in spoken else spoken[0]


def spoken_language(wanted: str) -> str:
    """`wanted`, if this city speaks it; for what a form or an address says.

    Raises:
        ValueError: It does not.
    """
    if wanted not in languages():
        raise ValueError(wanted)
    return wanted


def language_of_terminal() -> str:
    """The language of whoever sits at a terminal, by `LANG`; English if it is not spoken."""
    wanted = os.environ.get("LANG", "")[:2].lower()
    return wanted if wanted in languages() else _REST


def catalogue(language: str) -> dict[str, str]:
    """All texts of a language by key, those it lacks in English; an unknown one is the first."""
    return _texts(profile.current(), language_in(language))


@cache
def _texts(of: Profile, language: str) -> dict[str, str]:
    return _bundled(language if language in COMPLETE else _REST) | of.texts(language)


@cache
def _bundled(language: str) -> dict[str, str]:
    content = files("warroom").joinpath("locales", f"{language}.json").read_text("utf-8")
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
