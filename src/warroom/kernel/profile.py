"""The profile of a city: one folder that holds all that is particular to it.

```
profile.toml     languages, country, kinds of agencies, and settings of any section
locales/fi.json  texts of a language: a new one, or other words for some keys of another
cards.json       question cards in place of the product's
runcards.json    run cards likewise
logo.svg         shown where people sign in (or logo.png)
```

All of it may be absent. A setting of `profile.toml` lies below the city pack, the node's own file
and the environment. A text that a language lacks is taken from English. The setting
`[warroom] profile` names a folder, or a profile that comes with the product.
"""

import os
import tomllib
from datetime import date
from functools import cached_property
from pathlib import Path
from typing import Any

import msgspec

from warroom.kernel.errors import InvalidError

_BUNDLED = Path(__file__).parents[1] / "profiles"
_LOGOS = {"logo.svg": "image/svg+xml", "logo.png": "image/png"}
_LOGO_BYTES = 256 << 10
KINDS = ("city", "district", "department", "police", "prosecutor", "fire", "transport", "clinic")


class ProfileError(InvalidError):
    """A city profile is absent or cannot be read (`profile`, `problem`)."""

    code = "kernel.profile"


class Law(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Hours that the city's law gives.

    Attributes:
        privacy_answer_hours: To answer somebody who asks what is stored of them.
        privacy_notice_hours: To tell of a failure to protect personal data.
        response: Name of the rule that the time from call to arrival is judged by; empty: none.
        response_s: Seconds that it gives.
    """

    privacy_answer_hours: int = 72
    privacy_notice_hours: int = 72
    response: str = ""
    response_s: float = 900.0


class _Head(msgspec.Struct, frozen=True):
    """What `profile.toml` says beside the settings of sections.

    Attributes:
        languages: In the order in which they are offered; the first is spoken to strangers.
        country: ISO 3166-1 alpha-2; whose phone plan and holidays hold. Empty: none is known.
        region: Part of the country whose holidays hold (ISO 3166-2, behind the hyphen).
        agency_kinds: Words for the kinds of agencies; `city` is always one.
        usual_agency_kind: The kind of an agency of which nothing else is said.
        area_marks: What stands before the name of a district and of a ward: `Kec.`, `Kel.`.
        street_words: Ways to shorten words in names: `jln = "jl"`, `"rumah sakit" = "rumahsakit"`.
        kind_words: Words of names that say only what kind of thing it is, and may be left out.
        law: Deadlines and rules of the law.
        holidays: Days off by their date, beside those of the country.
    """

    languages: tuple[str, ...] = ("en", "id")
    country: str = ""
    region: str = ""
    agency_kinds: tuple[str, ...] = KINDS
    usual_agency_kind: str = "department"
    area_marks: tuple[str, str] = ("", "")
    street_words: dict[str, str] = {}
    kind_words: frozenset[str] = frozenset()
    law: Law = Law()
    holidays: dict[date, str] = {}


class Profile:
    """What is particular to a city.

    Args:
        name: How it is called by the setting.
        folder: Where it lies; None where no profile is named: neutral, in English first.

    Raises:
        ProfileError: `profile.toml` is no TOML, or says something unknown.
    """

    def __init__(self, name: str = "", folder: Path | None = None) -> None:
        self.name, self.folder = name, folder
        head, self.sections = self._read()
        self.languages, self.country, self.region = head.languages, head.country, head.region
        kinds = head.agency_kinds
        self.agency_kinds = kinds if "city" in kinds else ("city", *kinds)
        usual = head.usual_agency_kind
        self.usual_agency_kind = usual if usual in self.agency_kinds else self.agency_kinds[-1]
        self.area_marks, self.street_words = head.area_marks, head.street_words
        self.kind_words, self.law, self.own_holidays = head.kind_words, head.law, head.holidays

    @property
    def language(self) -> str:
        """The language of whom nothing is known."""
        return self.languages[0]

    def texts(self, language: str) -> dict[str, str]:
        """The profile's own texts of a language by key; empty where it has none."""
        return self._texts.get(language, {})

    def file(self, name: str) -> bytes | None:
        """A file of the profile, `cards.json`; None where it has none."""
        path = self.folder / name if self.folder else None
        return path.read_bytes() if path is not None and path.is_file() else None

    @cached_property
    def logo(self) -> tuple[bytes, str] | None:
        """The logo and its media type; None where there is none, or one above 256 KiB."""
        for name, media_type in _LOGOS.items():
            content = self.file(name)
            if content is not None and len(content) <= _LOGO_BYTES:
                return content, media_type
        return None

    @cached_property
    def _texts(self) -> dict[str, dict[str, str]]:
        if self.folder is None:
            return {}
        found = {}
        for path in sorted((self.folder / "locales").glob("*.json")):
            try:
                found[path.stem] = msgspec.json.decode(path.read_bytes(), type=dict[str, str])
            except msgspec.MsgspecError as error:
                raise ProfileError(profile=self.name, problem=f"{path.name}: {error}") from error
        return found

    def _read(self) -> tuple[_Head, dict[str, dict[str, Any]]]:
        content = self.file("profile.toml")
        if content is None:
            return _Head(), {}
        try:
            said = tomllib.loads(content.decode("utf-8"))
            known = {one.name for one in msgspec.structs.fields(_Head)}
            head = {word: said.pop(word) for word in list(said) if word in known}
            return msgspec.convert(head, _Head), msgspec.convert(said, dict[str, dict[str, Any]])
        except (tomllib.TOMLDecodeError, UnicodeDecodeError, msgspec.ValidationError) as error:
            raise ProfileError(profile=self.name, problem=str(error)) from error


def bundled() -> list[str]:
    """Names of the profiles that come with the product, in alphabetical order."""
    return sorted(path.name for path in _BUNDLED.iterdir() if path.is_dir())


def load(name: str, home: Path | None = None) -> Profile:
    """The profile of a name, or of a folder (from `home` on where it is relative).

    Raises:
        ProfileError: There is none, or it cannot be read.
    """
    if not name:
        return Profile()
    inside = _BUNDLED / name
    folder = inside if "/" not in name and inside.is_dir() else (home or Path()) / name
    if not folder.is_dir():
        raise ProfileError(profile=name, problem=f"no folder; there are: {', '.join(bundled())}")
    return Profile(name, folder)


_current: list[Profile] = []


def current() -> Profile:
    """The profile of this process: that of `use`, else of `WARROOM_PROFILE`, else the neutral one.

    Raises:
        ProfileError: `WARROOM_PROFILE` names none.
    """
    if not _current:
        _current.append(load(os.environ.get("WARROOM_PROFILE", "")))
    return _current[0]


def use(profile: Profile) -> None:
    """Makes a profile that of this process; called where settings are read."""
    _current[:] = [profile]
