"""What the record of processing says before anybody writes: texts by keys, in the asker's language.

Texts stand in the locales as `record.purpose.<key>.<word>` and `record.retention.<key>.<word>`.
What an agency wrote itself is shown as it wrote it, in every language.
"""

from typing import Any

from warroom.kernel.i18n import catalogue, languages, text
from warroom.privacy.contracts import RecordKind, Registry

PURPOSE_TEXTS = ("name", "basis", "data", "subjects", "recipients", "stored", "measures")
_UNSEARCHED = "unsearched"
"""Why nobody can be looked for in it; nobody writes that but the product."""
RETENTION_TEXTS = ("name", "end", "basis")
_TEXTS: dict[RecordKind, tuple[str, ...]] = {
    "purpose": (*PURPOSE_TEXTS, _UNSEARCHED),
    "retention": RETENTION_TEXTS,
}


def texts_of(kind: RecordKind, key: str, language: str) -> dict[str, str]:
    """The product's own texts of a record; empty where there is none.

    A key such as `footage.standard` takes those of `footage`, with the class named in them.
    """
    family, _, of_class = key.partition(".")
    class_name = class_word(of_class, language)
    known = catalogue(language)
    found = {}
    for word in _TEXTS[kind]:
        named = f"record.{kind}.{family}.{word}"
        found[word] = text(language, named, **{"class": class_name}) if named in known else ""
    return found


def class_word(name: str, language: str) -> str:
    """What a class of cameras is called; one of the city's own has no other word."""
    return catalogue(language).get(f"grant_form.class.{name}", name)


def written(kind: RecordKind, key: str, body: dict[str, Any]) -> dict[str, Any]:
    """What of a body its agency wrote: a form sends back the product's own texts as well."""
    own = [texts_of(kind, key, language) for language in languages()]
    return {
        word: value for word, value in body.items() if value not in {one.get(word) for one in own}
    }


def until_of(registry: Registry, key: str, language: str) -> str:
    """Until when something stays, in words: the days of its class and what happens then."""
    one = next((one for one in registry.retention if one.key == key), None)
    if one is None:
        return key
    return _until(key, one.days, language)


def report_in(report: dict[str, Any], language: str) -> dict[str, Any]:
    """A report on a person with what the product says of purposes and classes in a language.

    What it found stays as it was found; a report of older days keeps its Indonesian words.
    """
    purposes = {
        key: one | {word: texts_of("purpose", key, language)[word] or one[word] for word in one}
        for key, one in report["purposes"].items()
    }
    parts = [
        part | {"found": [_found_in(one, language) for one in part["found"]]}
        for part in report["parts"]
    ]
    return report | {"purposes": purposes, "parts": parts}


def _found_in(one: dict[str, Any], language: str) -> dict[str, Any]:
    if "kept" not in one:
        return one
    return one | {"until": _until(one["kept"], one["kept_days"], language)}


def _until(key: str, days: float | None, language: str) -> str:
    end = texts_of("retention", key, language)["end"]
    if days is None:
        return end
    return text(language, "privacy.until_days", days=f"{days:g}", end=end)
