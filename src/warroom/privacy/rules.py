"""Decisions of `privacy`: pure functions; the time is an argument."""

import re
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Literal

from warroom.kernel.phones import national_digits, phone_key
from warroom.privacy.contracts import (
    Breach,
    BreachState,
    CaseDraft,
    Registry,
    Subject,
)
from warroom.privacy.errors import IncompleteError, WrongStateError

EXCEPTIONS = ("pasal_15", "pasal_16_2_g", "pasal_33", "pasal_50", "other_law", "not_identified")
"""Why a wish may be refused: Pasal 15 (defence, law enforcement, ...), 16 (2) g (retention has not
ended), 33 (harm to others), 50 (law enforcement by law), another law, or the asker did not show who
they are."""

_ABOUT_PEOPLE = re.compile(
    r"(^|_)(person_id|by|login|email|asker|phone|plate|agent|address|asked_by|identified_by)$"
    r"|^(person|requester|reviewer|created|decided|ended|held|changed|released)(_by)?_label$"
)
"""Columns whose name says that they are about somebody; others are known by their foreign key."""

WISHES = ("access", "correction", "deletion")

_STEPS: dict[BreachState, tuple[BreachState, ...]] = {
    "found": ("assessed",),
    "assessed": ("notified", "not_required"),
    "notified": ("closed",),
    "not_required": ("closed",),
    "closed": (),
}

type ClockState = Literal["running", "soon", "overdue", "kept", "late"]
"""`running`; `soon` has less than a day; `overdue` has passed; `kept` and `late` are over."""


def due(since: datetime, hours: int) -> datetime:
    """When the time of the law is over that began at `since`."""
    return since + timedelta(hours=hours)


def clock_state(due_at: datetime, now: datetime, done_at: datetime | None = None) -> ClockState:
    """How a deadline stands; what was done at the deadline itself was done in time."""
    if done_at is not None:
        return "kept" if done_at <= due_at else "late"
    if now > due_at:
        return "overdue"
    return "soon" if due_at - now < timedelta(hours=24) else "running"


def next_states(state: BreachState) -> tuple[BreachState, ...]:
    """Where a breach can go from here; a closed one stays."""
    return _STEPS[state]


def told_at(breach: Breach) -> datetime | None:
    """When the duty to tell was met: both were told, or nobody had to be."""
    if breach.subjects_at is None or breach.authority_at is None:
        return None
    return max(breach.subjects_at, breach.authority_at)


def step(breach: Breach, to: BreachState, *, reason: str = "") -> Breach:
    """Moves a breach on.

    The two notices (to the subjects and to the authority, Pasal 46 (1)) are both needed to be
    `notified`; `not_required` needs a reason that is written down.

    Raises:
        WrongStateError: It does not lead there.
        IncompleteError: A notice or the reason is missing.
    """
    if to not in _STEPS[breach.state]:
        raise WrongStateError(state=breach.state)
    if to == "notified" and told_at(breach) is None:
        raise IncompleteError(field="subjects_at" if breach.subjects_at is None else "authority_at")
    if to == "not_required" and len(reason.strip()) < 10:
        raise IncompleteError(field="reason")
    return replace(breach, state=to)


def normal(subject: Subject) -> str:
    """How a value is compared: a plate without blanks, a phone by the country's plan.

    Two ways of writing the same give the same; it is what is hashed.
    """
    value = subject.value.strip()
    if subject.kind == "plate":
        return re.sub(r"[^0-9A-Z]", "", value.upper())
    if subject.kind == "phone":
        return phone_key(value) or ""
    return " ".join(value.casefold().split())


def check_case(draft: CaseDraft, now: datetime) -> None:
    """Refuses what cannot be answered.

    Raises:
        IncompleteError: The `field` is missing or makes no sense.
    """
    if not draft.asker.strip():
        raise IncompleteError(field="asker")
    if not draft.identified_by.strip():
        raise IncompleteError(field="identified_by")
    if not draft.wants or set(draft.wants) - set(WISHES):
        raise IncompleteError(field="wants")
    if draft.received_at > now:
        raise IncompleteError(field="received_at")
    subject = draft.subject
    compared = normal(subject)
    told = national_digits(compared) if subject.kind == "phone" else compared
    if len(told) < (1 if subject.kind == "footage" else 3):
        raise IncompleteError(field="value")
    if subject.kind == "footage":
        if subject.from_at is None or subject.to_at is None or subject.from_at >= subject.to_at:
            raise IncompleteError(field="from_at")
        if subject.to_at - subject.from_at > timedelta(days=1):
            raise IncompleteError(field="to_at")


def findings(basis: dict[str, str]) -> list[str]:
    """Keys of retention classes that no law stands behind, of the law of each."""
    return [key for key, law in basis.items() if not law.strip()]


def is_about_people(column: str, references: str | None) -> bool:
    """Whether a column holds something of a person: it refers to one, or its name says so.

    Args:
        column: Its name.
        references: Table that its foreign key leads to.
    """
    return references == "person" or _ABOUT_PEOPLE.search(column) is not None


def gaps(registry: Registry, personal: dict[str, list[str]]) -> list[str]:
    """What the record of processing does not tell, each as a sentence; none is as it should be.

    Args:
        registry: What the domains told.
        personal: Columns about people by table.
    """
    told = {table for one in registry.purposes for table in one.tables}
    classes = {one.key for one in registry.retention}
    searched = {key for one in registry.sources for key in one.purposes}
    keys = {one.key for one in registry.purposes}
    found = [
        f"table {table} ({', '.join(columns)}) is of no purpose"
        for table, columns in sorted(personal.items())
        if table not in told
    ]
    for one in registry.purposes:
        if one.retention not in classes:
            found.append(f"purpose {one.key} has no retention class {one.retention}")
        if (one.key in searched) != one.is_searched:
            found.append(f"purpose {one.key} must have a subject source or say why not, not both")
    found += [f"a source looks through {key}, which is no purpose" for key in searched - keys]
    return found
