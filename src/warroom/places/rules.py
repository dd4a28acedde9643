"""How names are compared. Pure.

People type fast, half, and without the spelling of the sign: "jl pettarani", "petarani", "urip
sumoharjo jln", "kel baru". So words are folded, the kinds of road and area are taken as the same
whichever way they are shortened (the city's profile says how), and words may differ by letters.
"""

import re
import unicodedata
from functools import lru_cache

from warroom.kernel import profile

_WORD = re.compile(r"[a-z0-9]+")


def key_of(text: str) -> str:
    """A name or code as it is looked up: small letters, single blanks."""
    return " ".join(text.casefold().split())


def fold(text: str) -> tuple[str, ...]:
    """The words of a name as they are compared: small letters, no accents, one way to shorten."""
    plain = unicodedata.normalize("NFKD", text.casefold())
    ascii_only = "".join(letter for letter in plain if not unicodedata.combining(letter))
    same = profile.current().street_words
    words = [same.get(word, word) for word in _WORD.findall(ascii_only)]
    for at in reversed(range(len(words) - 1)):
        pair = same.get(f"{words[at]} {words[at + 1]}")
        if pair is not None:
            words[at : at + 2] = [pair]
    return tuple(words)


def score(query: tuple[str, ...], name: tuple[str, ...]) -> float:
    """How well `name` fits what was typed: 1 is exact, 0 is "not at all".

    Every typed word must fit some word of the name; words of kind (jl, kel) may be left out on
    either side. The last typed word may be unfinished. A bare number means nothing without its
    kind: "lorong 5" is no school that bears a 5.
    """
    kind_words = profile.current().kind_words
    asked = tuple(word for word in query if word not in kind_words) or query
    if not asked or not name:
        return 0.0
    kinds = kind_words.intersection(query)
    if kinds and not kinds.intersection(name) and all(word.isdigit() for word in asked):
        return 0.0
    if query == name:
        return 1.0
    total = 0.0
    for position, word in enumerate(asked):
        best = max(
            _word_score(word, other, position == len(asked) - 1, place == 0)
            for place, other in enumerate(name)
        )
        if best == 0.0:
            return 0.0
        total += best
    meant = [word for word in name if word not in kind_words] or list(name)
    coverage = min(1.0, len(asked) / len(meant))
    return 0.99 * (total / len(asked)) * (0.8 + 0.2 * coverage)


@lru_cache(maxsize=65536)
def _word_score(typed: str, word: str, unfinished: bool, first: bool) -> float:  # noqa: FBT001
    if typed == word:
        return 1.0
    if typed[0] == word[0] and 1 in (len(typed), len(word)):
        return 0.6  # "A.P. Pettarani" is Andi Pangeran Pettarani, on signs and in heads
    if unfinished and word.startswith(typed):
        return 0.9 if first else 0.86
    allowed = 0 if len(typed) < 4 else 1 if len(typed) < 8 else 2
    if not allowed:
        return 0.0
    missing = _distance(typed, word, allowed)
    if missing <= allowed:
        return 0.8 - 0.12 * missing
    if unfinished and len(word) > len(typed):
        missing = min(_distance(typed, word[: len(typed) + more], allowed) for more in (0, 1))
        if missing <= allowed:
            return 0.7 - 0.12 * missing
    return 0.0


@lru_cache(maxsize=65536)
def _distance(left: str, right: str, limit: int) -> int:
    """Edit distance with neighbours swapped counted as one (optimal string alignment).

    Returns:
        The distance, or `limit + 1` if it is larger.
    """
    # Each edit can make up for one letter at most, so most words are settled without a table.
    if abs(len(left) - len(right)) > limit or len(set(left) - set(right)) > limit:
        return limit + 1
    before: list[int] = []
    row = list(range(len(right) + 1))
    for i, a in enumerate(left, 1):
        older, before, row = before, row, [i]
        for j, b in enumerate(right, 1):
            cost = min(before[j] + 1, row[j - 1] + 1, before[j - 1] + (a != b))
            if i > 1 and j > 1 and a == right[j - 2] and left[i - 2] == b:
                cost = min(cost, older[j - 2] + 1)
            row.append(cost)
        if min(row) > limit:
            return limit + 1
    return row[-1]
