"""Action words: each domain declares its own, and no right can be given on a word that none did.

A word says what is done to which kind of thing (`recording:export`). What people read for it is the
text `word.<domain>_<verb>`, in both languages. Declaring happens when a domain's `contracts` is
imported; the composition root imports them all.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal, get_args

type Level = Literal["view", "operate", "manage", "configure"]

LEVELS: tuple[Level, ...] = get_args(Level.__value__)
"""What may be given on a thing in one word; each holds all of the one before.

References:
    The four permissions of IRIS (Minnesota DOT): view, operate, manage, configure.
"""


@dataclass(frozen=True, slots=True)
class Action:
    """An action word.

    Attributes:
        word: `domain:verb`.
        on: Kind of the thing that it is done to: what a right on one thing can hold.
        level: The least level that holds it; None for words that no level gives.
        by_system: Done by services of the product alone; never given to anybody.
        for_programs: Whether a program of an agency may do it: nothing that a person must answer
            for, and no rights of others.
        lends: Whether one agency can ask another for it, on single things of theirs.
        is_ahead: Nothing of the product asks for it yet. It can be given, so that it holds on the
            day its feature comes; people read beside it that it is not available.
    """

    word: str
    on: str
    level: Level | None = None
    by_system: bool = False
    is_ahead: bool = False
    lends: bool = False
    for_programs: bool = False

    @property
    def text_key(self) -> str:
        """Key of what people read for it."""
        return "word." + self.word.replace(":", "_")


_known: dict[str, Action] = {}


def declare(*declared: Action) -> tuple[Action, ...]:
    """Makes words known; the same word twice must mean the same.

    Raises:
        ValueError: Another domain declared the word otherwise.
    """
    for action in declared:
        if _known.setdefault(action.word, action) != action:
            message = f"{action.word} is declared twice"
            raise ValueError(message)
    return declared


def known() -> tuple[Action, ...]:
    """Every word that can be given, in alphabetical order."""
    return tuple(_known[word] for word in sorted(_known) if not _known[word].by_system)


def is_declared(word: str) -> bool:
    """Whether some domain declared the word, for people or for the system."""
    return word in _known


def is_known(word: str) -> bool:
    """Whether the word, or the group `domain:*` or `*`, stands for something that can be given."""
    return word == "*" or any(word in (one.word, group_of(one.word)) for one in known())


def words_on(on: str) -> tuple[str, ...]:
    """What can be done by somebody to a kind of thing today: each of these words is asked for."""
    return tuple(
        action.word
        for action in known()
        if action.on == on and action.level is not None and not action.is_ahead
    )


def lendable() -> tuple[str, ...]:
    """The words that one agency can ask of another."""
    return tuple(action.word for action in known() if action.lends)


def for_programs() -> tuple[str, ...]:
    """The words that a program of an agency may be given."""
    return tuple(action.word for action in known() if action.for_programs)


def kind_of(word: str) -> str:
    """The kind of thing that a declared word is done to."""
    return _known[word].on


def group_of(word: str) -> str:
    """The group that holds the word: `recording:*` for `recording:view`."""
    return word.partition(":")[0] + ":*"


def words_of_level(level: Level, on: str) -> tuple[str, ...]:
    """The words that a level on a kind of thing stands for."""
    levels = LEVELS[: LEVELS.index(level) + 1]
    return tuple(action.word for action in known() if action.on == on and action.level in levels)


def words_in(groups: Iterable[str]) -> frozenset[str]:
    """The single words that these words and groups stand for."""
    wanted = frozenset(groups)
    return frozenset(
        action.word
        for action in known()
        if not wanted.isdisjoint((action.word, group_of(action.word), "*"))
    )
