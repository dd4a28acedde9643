"""What crosses the border of `privacy`: what domains tell it, and the facts its rules judge."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Literal, get_args
from uuid import UUID

from warroom.kernel.actions import Action, declare
from warroom.kernel.scope import Scope

VIEW = "privacy:view"
CONFIGURE = "privacy:configure"
ANSWER = "privacy:answer"

ACTIONS = declare(
    Action(ANSWER, "privacy"),
    Action(CONFIGURE, "privacy", "configure"),
    Action(VIEW, "privacy", "manage"),
)

CHANGED = "privacy.changed"
"""Topic: a case or a breach was registered, changed or ended; told to the agency's people."""

OVERDUE = "privacy.overdue"
"""Topic: a case or breach passed its deadline, or one that had is done; told to who answers."""

type RecordKind = Literal["purpose", "retention"]


@dataclass(frozen=True, slots=True)
class Purpose:
    """One reason for which data about people is processed (Pasal 31; GDPR Art. 30).

    What is said of it stands in the locales, `record.purpose.<key>.<word>`: its name, legal basis
    (Pasal 20 ayat (2)) with the law that gives the task, kinds of data and of people, where it lies
    and how it is protected.

    Attributes:
        key: Stable word, `cctv_live`.
        retention: Key of the retention class.
        actions: Words of rights that let others receive it: by them recipients are found.
        tables: Tables in which it lies; each column about a person must be in one of a purpose.
        is_searched: Whether a source looks for people in it; `record.purpose.<key>.unsearched` says
            why none does.
    """

    key: str
    retention: str
    actions: tuple[str, ...] = ()
    tables: tuple[str, ...] = ()
    is_searched: bool = True


@dataclass(frozen=True, slots=True)
class Retention:
    """How long data of one kind stays; what happens then, and by which law, stand in the locales.

    Attributes:
        key: Stable word, `footage.standard`; texts are `record.retention.footage.<word>`.
        days: Duration in force; None if it ends by something else than time.
        is_set: Whether `days` comes from the settings, and so cannot be written here.
    """

    key: str
    days: float | None
    is_set: bool = True


SubjectKind = Literal["account", "name", "phone", "plate", "footage"]
SUBJECT_KINDS: tuple[str, ...] = get_args(SubjectKind)


@dataclass(frozen=True, slots=True)
class Subject:
    """By what a person is looked for; `value` is personal data and goes into no log and no audit.

    Attributes:
        value: Login, name, phone number or plate; of `footage` the number of the camera.
        from_at: Begin of the time in which they were there (`footage`).
        to_at: Its end.
    """

    kind: SubjectKind
    value: str
    from_at: datetime | None = None
    to_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Stored:
    """Things of one kind that are stored about a person.

    Attributes:
        what: What it is, in words.
        count: How many.
        purpose: Key of the purpose.
        until: Key of its retention class; the report says it in words.
        items: The things themselves, as plain data; the first hundred at most.
        seen_by: Who looked at it: `{at, person, agency, action}`.
    """

    what: str
    count: int
    purpose: str
    until: str
    items: tuple[dict[str, Any], ...] = ()
    seen_by: tuple[dict[str, Any], ...] = ()


# The second argument is the transaction.
type Find = Callable[[Scope, Any, Subject], Awaitable[list[Stored]]]
type Correct = Callable[[Scope, Any, Subject, dict[str, str]], Awaitable[None]]
type Erase = Callable[[Scope, Any, Subject], Awaitable[int]]


@dataclass(frozen=True, slots=True)
class SubjectSource:
    """A store in which a person can be looked for.

    Attributes:
        key: Stable word; people read the text `privacy.source_<key>`.
        kinds: By what it can look; for others it says that it cannot.
        purposes: Keys of the purposes whose data it looks through.
        find: Looks within the scope.
        correct: Carries a correction out, under the rights of who decides; None if it cannot.
        erase: Deletes and tells how many; None if it cannot.
    """

    key: str
    kinds: frozenset[str]
    purposes: frozenset[str]
    find: Find
    correct: Correct | None = None
    erase: Erase | None = None


@dataclass(frozen=True, slots=True)
class Told:
    """What one domain tells of the data it holds; collected by `app/wiring.py`."""

    purposes: tuple[Purpose, ...] = ()
    retention: tuple[Retention, ...] = ()
    sources: tuple[SubjectSource, ...] = ()


type Fact = Callable[[Scope, Any, UUID], Awaitable[Any]]


@dataclass(frozen=True, slots=True)
class Registry:
    """Everything that the domains told, and the facts that an assessment is filled from."""

    purposes: tuple[Purpose, ...] = ()
    retention: tuple[Retention, ...] = ()
    sources: tuple[SubjectSource, ...] = ()
    facts: dict[str, Fact] = field(default_factory=dict)

    @classmethod
    def of(cls, told: list[Told], facts: dict[str, Fact]) -> "Registry":
        """One registry of what many told."""
        return cls(
            tuple(purpose for one in told for purpose in one.purposes),
            tuple(retention for one in told for retention in one.retention),
            tuple(source for one in told for source in one.sources),
            facts,
        )


type BreachState = Literal["found", "assessed", "notified", "not_required", "closed"]


@dataclass(frozen=True, slots=True)
class Breach:
    """The facts of a breach that its rules judge."""

    state: BreachState
    found_at: datetime
    subjects_at: datetime | None = None
    authority_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class CaseDraft:
    """What is written down when somebody asks about themselves.

    Attributes:
        agency_id: Who is asked; None is the agency of whoever writes it down.
        asker: Who asks.
        identified_by: How they showed who they are.
        wants: Any of `access`, `correction`, `deletion`.
        received_at: When it came in: from here the clock runs.
    """

    agency_id: UUID | None
    asker: str
    identified_by: str
    wants: tuple[str, ...]
    subject: Subject
    received_at: datetime
