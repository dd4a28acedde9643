"""What crosses the border of `audit`."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal
from uuid import UUID

from warroom.kernel.actions import Action, declare
from warroom.kernel.scope import Sides

ACTIONS = declare(Action("audit:read", "audit", "manage", for_programs=True))

type Fault = Literal[
    "changed",
    "deleted",
    "inserted",
    "reordered",
    "cut",
    "anchor",
    "head",
    "anchor_file",
    "rolled_back",
    "timestamp",
]
"""What happened to a chain.

`changed`: the entry is not what was hashed, or not the one its successor was chained to.
`deleted`: an entry between two others is gone. `inserted`: one is there that was never appended.
`reordered`: the entry stands at another place than it was appended at. `cut`: the newest entries
are gone. `anchor`: the entry differs from the copy of its hash outside the database. `head`: a
chain has lost its head. `anchor_file`: the file of anchors was itself changed, or is not what a
copy of it says. `rolled_back`: the whole database is as it was at an earlier anchor.
`timestamp`: an authority's token does not belong to its line. Of the last three, `seq` is a line of
the file of anchors, and `chain` -1.
"""


@dataclass(frozen=True, slots=True)
class Finding:
    """One broken link: what happened, in which chain, at which entry, and when that was written.

    `at` is the instant of the entry, or of the last one before it where the entry is gone.
    """

    fault: Fault
    chain: int
    seq: int
    at: datetime | None


@dataclass(frozen=True, slots=True)
class Verification:
    """What a walk over all chains found.

    Attributes:
        verified_at: When the walk began.
        rows: Entries walked.
        anchors: Anchored hashes compared with them.
        findings: Broken links, the oldest of each chain first; empty if the chains are intact.
        head: One hash over the heads of all chains, to be told or printed.
        anchored_at: When heads were last copied outside the database.
        stamps: Tokens of authorities that hold, by the roots that are trusted.
        stamped_at: Time of the newest of them.
        unjudged: Tokens that could not be judged, for want of a trusted root.
        copies: Lines of anchors compared with a copy held elsewhere.
    """

    verified_at: datetime
    rows: int
    anchors: int
    findings: tuple[Finding, ...]
    head: str
    anchored_at: datetime | None
    stamps: int = 0
    stamped_at: datetime | None = None
    unjudged: int = 0
    copies: int = 0

    @property
    def is_intact(self) -> bool:
        """Whether no link is broken."""
        return not self.findings


@dataclass(frozen=True, slots=True)
class Head:
    """The newest entry of a chain: its number (0 for an empty chain) and its hash."""

    chain: int
    seq: int
    hash: bytes


@dataclass(frozen=True, slots=True)
class AnchorState:
    """How a place that takes copies of the heads does.

    Attributes:
        target: What to call it.
        kind: `file`, `syslog` or `tsa`.
        line: Last line of anchors it has.
        anchored_at: When it got that.
        tried_at: When it was last tried.
        failing_since: Since when every try failed, None while it works.
        problem: What is wrong, in one word: `unreachable`, `timeout`, `not_trusted`, `no_roots`,
            `bad_roots`, `bad_token`, `bad_address`, `not_written`.
    """

    target: str
    kind: str
    line: int
    anchored_at: datetime | None
    tried_at: datetime
    failing_since: datetime | None
    problem: str | None


@dataclass(frozen=True, slots=True)
class Asked:
    """What is to be written of one deed; who did it stands in the scope (see `api.record`).

    Attributes:
        sides: By what the right to do it was judged, where the thing has more sides than its
            owner, place and id: it finds what for the right was lent. Its tags and class are kept,
            and judge who may read the entry.
    """

    action: str
    object_kind: str
    object_id: UUID | str | None
    agency_id: UUID | None
    object_label: str | None = None
    place: str | None = None
    detail: dict[str, Any] | None = None
    reason: str | None = None
    at: datetime | None = None
    sides: Sides | None = None


@dataclass(frozen=True, slots=True)
class Entry:
    """One entry as stored, in the order of its columns and of its hashed form.

    `form` tells how `hash` was taken (`rules.hash_of`): 1, 2 or 3. From form 3 on `thing_tags` and
    `thing_class` tell what the thing had then.
    """

    chain: int
    seq: int
    previous: bytes
    id: UUID
    at: datetime
    recorded_at: datetime
    person_id: UUID | None
    person_label: str | None
    agency_id: UUID | None
    agency_label: str | None
    owner_agency_id: UUID | None
    action: str
    object_kind: str
    object_id: str | None
    object_label: str | None
    place: str | None
    purpose: str | None
    reason: str | None
    door: str
    address: str | None
    session_id: UUID | None
    detail: str
    hash: bytes
    form: int
    thing_tags: list[str] | None = None
    thing_class: str | None = None


@dataclass(frozen=True, slots=True)
class Link:
    """A link as the database tells it: `digest` is None where its form hides nothing."""

    seq: int
    previous: bytes
    form: int
    digest: bytes | None
    hash: bytes


@dataclass(frozen=True, slots=True)
class Access:
    """One look at a thing: who, of which agency, how, and for how many seconds if known."""

    at: datetime
    person: str | None
    agency: str | None
    action: str
    seconds: float | None
