"""Telephone numbers as they are compared, by the plan of the city's country.

References:
    ITU-T E.164: a number is a country code and a national (significant) number, 15 digits at most.
"""

import re
from functools import cache

import phonenumbers
from phonenumbers import PhoneMetadata

from warroom.kernel import profile

_NOT_DIGITS = re.compile(r"\D")
_FEWEST = 3


def phone_key(number: str | None) -> str | None:
    """One spelling for all ways to write a number: country code and national number, in digits.

    A number of another country is known by its `+` or by what is dialled to leave this one. None
    where it has fewer than three digits. Lengths are not judged: what a trunk sends or a caller
    says is compared as it is.
    """
    written, digits = (number or "").strip(), _NOT_DIGITS.sub("", number or "")
    if len(digits) < _FEWEST:
        return None
    code = country_code()
    if not code:
        return digits
    leaving = _leaving(profile.current().country)
    is_foreign = written.startswith("+") or bool(leaving.match(digits))
    digits = leaving.sub("", digits)
    if is_foreign and not digits.startswith(code):
        return digits
    return code + digits.removeprefix(code).removeprefix(trunk_prefix() or "-")


@cache
def _leaving(country: str) -> re.Pattern[str]:
    """What is dialled to reach another country: `00` nearly everywhere."""
    metadata = PhoneMetadata.metadata_for_region(country, None)
    return re.compile(f"^(?:00|{(metadata and metadata.international_prefix) or '00'})(?=[1-9])")


def national_digits(number: str) -> str:
    """A number without its country's code, as it stands in notes written by hand."""
    key = phone_key(number) or _NOT_DIGITS.sub("", number)
    return key.removeprefix(country_code())


def country_code() -> str:
    """The country code of the city, in digits; empty where the profile names no country."""
    country = profile.current().country
    return str(phonenumbers.country_code_for_region(country) or "") if country else ""


def trunk_prefix() -> str:
    """What is dialled before a national number within the country; empty where nothing is."""
    country = profile.current().country
    metadata = PhoneMetadata.metadata_for_region(country, None) if country else None
    prefix: str | None = metadata.national_prefix if metadata else None
    return prefix or ""


def prefix_pattern() -> str:
    """A regular expression of what may stand before the national number, for SQL."""
    code, prefix = country_code(), trunk_prefix()
    parts = [part for part in (code and f"(00)?{code}", prefix) if part]
    return f"^({'|'.join(parts)})" if parts else "^()"
