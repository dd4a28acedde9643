"""What other domains call of `audit`."""

from collections.abc import Iterable, Sequence
from datetime import datetime
from pathlib import Path
from typing import Any
from uuid import UUID

import msgspec
from cryptography.x509 import Certificate

from warroom.audit import anchoring as anchoring_service
from warroom.audit import exporting, hinting, service, store
from warroom.audit.anchoring import Anchoring
from warroom.audit.anchors import AnchorFile
from warroom.audit.contracts import Access, AnchorState, Asked, Finding, Head, Verification
from warroom.audit.exporting import Exported
from warroom.audit.head_file import HeadFile, HeadWatch
from warroom.audit.hinting import Peers
from warroom.audit.hints import DAYS as USAGE_DAYS
from warroom.audit.proof_check import check_file
from warroom.audit.proofs import Form, Report
from warroom.audit.settings import AuditSettings
from warroom.audit.stamps import StampError, Stamps, load_roots
from warroom.kernel.clock import Clock
from warroom.kernel.db import Database, Transaction
from warroom.kernel.scope import Scope, Sides


async def record(  # noqa: PLR0913 - these are the words of one sentence
    scope: Scope,
    tx: Transaction,
    *,
    action: str,
    object_kind: str,
    object_id: UUID | str | None,
    agency_id: UUID | None,
    object_label: str | None = None,
    place: str | None = None,
    detail: dict[str, Any] | None = None,
    reason: str | None = None,
    at: datetime | None = None,
    sides: Sides | None = None,
) -> UUID:
    """Writes who does what to whose thing; kept exactly if the transaction commits.

    Call it late in the transaction: from here to the commit it holds the end of one chain.
    A look that lasts is two entries: `live:view` when it begins, and `live:end` with
    `detail={"view": <id of the first>, "seconds": 42}` when it ends.

    Args:
        scope: Who does it: person, agency, door, address, session and purpose are taken from it.
        tx: The transaction that does it.
        action: Action word, `recording:view`, or what was done, `camera:changed`.
        object_kind: Kind of the thing, `camera`.
        object_id: Its id.
        agency_id: Agency that owns the thing; its auditors will read the entry.
        object_label: What people call the thing.
        place: Area code of the thing.
        detail: More, as JSON; never a password, plate, face, phone number or patient.
        reason: Why, in the person's words.
        at: When, if not at the instant of the request.
        sides: By what the right to do it was judged, of a thing with tags or a class.

    Returns:
        Id of the entry.
    """
    return await service.record(
        scope,
        tx,
        action=action,
        object_kind=object_kind,
        object_id=object_id,
        agency_id=agency_id,
        object_label=object_label,
        place=place,
        detail=detail,
        reason=reason,
        at=at,
        sides=sides,
    )


async def record_all(scope: Scope, tx: Transaction, entries: Iterable[Asked]) -> list[UUID]:
    """Writes many deeds of one transaction, in their order; cheap however many they are.

    Returns:
        Ids of the entries.
    """
    return await service.record_all(scope, tx, entries)


async def record_alone(scope: Scope, db: Database, asked: Asked) -> UUID:
    """Writes a deed that changes nothing else, a look or a search; committed when this returns.

    Entries of requests that come while another is committed share the next commit. Never call it
    inside a transaction: it takes a connection of its own.

    Returns:
        Id of the entry.

    Raises:
        DatabaseAwayError: It may not be committed; nothing must be shown.
    """
    return await service.record_alone(scope, db, asked)


async def search(
    scope: Scope,
    tx: Transaction,
    filters: dict[str, Any],
    cursor: str | None = None,
    limit: int = 100,
) -> bytes:
    """One page of entries that the scope may read (`audit:read`), newest first, as JSON.

    Args:
        scope: Narrows to entries about its agencies' things or by its agencies' people.
        tx: Transaction of the scope.
        filters: Any of `person` (UUID), `object`, `action` (a word or its first half), `agency`
            (UUID, of the asker or the owner), `door`, `place` (an area and what lies in it),
            `purpose` (text of purpose or reason), `since`, `until` (datetime), `q` (text),
            `no_ends` (without the ends of looks, which tell no more than their length); None is
            no filter.
        cursor: `next` of the page before.
        limit: Entries a page, 500 at most. A page looks through a bounded number of entries and
            may hold fewer, or none, with a `next` all the same; `searched_to` is how far it got.
    """
    return await service.search(scope, tx, filters, cursor, limit)


async def accesses(
    scope: Scope,
    tx: Transaction,
    object_id: UUID | str,
    since: datetime,
    *,
    action: str = "audit:read",
    limit: int = 200,
) -> list[Access]:
    """Who looked at this thing since then, newest first: looks live or past, and moves of it.

    `action` is the right by which it is asked: `audit:read`, or `camera:configure` for those who
    run the camera.
    """
    return await service.list_accesses(
        scope, tx, action=action, object_id=object_id, since=since, limit=limit
    )


async def list_watchers(
    scope: Scope, tx: Transaction, object_id: UUID | str, since: datetime, until: datetime
) -> bytes:
    """Who saw what a thing showed between two instants, live then or as footage later, as JSON."""
    return await service.list_watchers(scope, tx, str(object_id), since, until)


async def list_seen_by(
    scope: Scope, tx: Transaction, person_id: UUID, since: datetime, until: datetime
) -> bytes:
    """What a person saw between two instants, by thing, with times and durations, as JSON."""
    return await service.list_seen_by(scope, tx, person_id, since, until)


async def export(
    scope: Scope, tx: Transaction, anchoring: Anchoring, filters: dict[str, Any], form: Form
) -> Exported:
    """Takes the entries that `filters` want out, as an archive with its proof.

    Raises:
        TooMuchToExportError: It would be more than one export takes.
    """
    return await exporting.export(scope, tx, anchoring, filters, form)


def check_export(
    path: Path, copies: Sequence[bytes] = (), roots: Sequence[Certificate] = ()
) -> Report:
    """Checks an exported archive without the database.

    Raises:
        NoProofError: It is none.
    """
    return check_file(path, copies, roots)


async def look_for_hints(scope: Scope, db: Database, peers: Peers) -> int:
    """Looks through the newest hours for what is unusual; tells how many hints that gave."""
    return await hinting.look(scope, db, peers)


async def list_hints(scope: Scope, tx: Transaction, *, all: bool = False) -> bytes:  # noqa: A002
    """Hints about people of the scope's agencies as JSON, newest first; `all`: seen ones too."""
    return await hinting.list_hints(scope, tx, all=all)


async def mark_hint_seen(scope: Scope, tx: Transaction, hint_id: UUID, note: str) -> dict[str, Any]:
    """Writes down that a hint was looked at, and what was found.

    Raises:
        NotFoundError: It is none of the scope's.
        OwnHintError: It is about the asker.
        HintSeenError: Somebody did so before.
    """
    return await hinting.mark_seen(scope, tx, hint_id, note)


async def list_last_uses(
    scope: Scope, tx: Transaction, agency_id: UUID, since: datetime, *, action: str
) -> dict[tuple[UUID, str], datetime]:
    """When each person of an agency last did something of each domain, by (person, domain).

    `action` is the right by which it is asked.
    """
    rows = await store.list_last_uses(scope, tx, agency_id, action, since)
    return {(row["person_id"], row["domain"]): row["at"] for row in rows}


async def list_under_purpose(
    scope: Scope, tx: Transaction, purpose: str, *, action: str, limit: int
) -> list[dict[str, Any]]:
    """What was done with cameras for exactly this purpose, newest first.

    Rows hold `at`, `person_label`, `agency_label`, `action`, `object_id`, `object_label`,
    `seconds` (of a live look that has ended) and `footage_from`, `footage_to`, `footage_s`.
    `action` is the right by which it is asked: owners read of their things, others of their people.
    """
    return await store.list_under_purpose(scope, tx, purpose, action, limit)


async def verify(
    scope: Scope,
    db: Database,
    anchoring: Anchoring,
    clock: Clock,
    *,
    copies: Sequence[bytes] = (),
) -> Verification:
    """Walks every chain from its first entry, and compares it with its head and its anchors.

    Writers go on meanwhile. `scope` must see all agencies. `copies` are contents of copies of the
    anchors that were held elsewhere: of the file, or of a collector's log.
    """
    return await service.verify(scope, db, anchoring, clock, copies=copies)


async def verify_and_seal(scope: Scope, db: Database, anchoring: Anchoring, clock: Clock) -> None:
    """Walks what was added since the last walk (all of it once a day) and remembers the outcome.

    A broken link is remembered until a walk over everything finds none.
    """
    await service.verify_and_seal(scope, db, anchoring, clock)


async def anchor(scope: Scope, db: Database, anchoring: Anchoring, clock: Clock) -> bool:
    """Copies the heads of the chains to every place outside; tells whether any had grown.

    A place that fails is remembered as failing (`list_anchor_states`) and harms no other.
    """
    return await anchoring_service.anchor(scope, db, anchoring, clock)


async def list_anchor_states(scope: Scope, tx: Transaction) -> list[AnchorState]:
    """How each place that takes copies of the heads does; tells nothing of what was hashed."""
    return await store.list_anchor_states(scope, tx)


async def seal(scope: Scope, tx: Transaction) -> dict[str, Any]:
    """The outcome of the last walk: `{verified_at, rows, intact, head, anchored_at, finding}`.

    With `anchors`, how each place that takes copies of the heads does.
    """
    return await service.seal(scope, tx)


def open_anchoring(data: Path, settings: AuditSettings) -> Anchoring:
    """Where the heads of a node whose data lies in `data` are copied to."""
    folder = data / "anchor"
    try:
        roots = load_roots(settings.tsa_ca) if settings.tsa_ca else []
    except StampError:
        roots = []  # Tokens are then asked for in vain, and the page says so.
    stamps = Stamps(folder / "tokens", roots)
    return Anchoring(AnchorFile(folder / "audit.jsonl"), stamps, settings)


def as_json(verification: Verification) -> dict[str, Any]:
    """A verification for machines: what `warroom audit verify --json` prints."""
    plain: dict[str, Any] = msgspec.to_builtins(verification)
    return {"intact": verification.is_intact, **plain}


__all__ = [
    "USAGE_DAYS",
    "Access",
    "AnchorFile",
    "AnchorState",
    "Anchoring",
    "Asked",
    "AuditSettings",
    "Exported",
    "Finding",
    "Form",
    "Head",
    "HeadFile",
    "HeadWatch",
    "Peers",
    "Report",
    "StampError",
    "Verification",
    "accesses",
    "anchor",
    "as_json",
    "check_export",
    "export",
    "list_anchor_states",
    "list_hints",
    "list_last_uses",
    "list_seen_by",
    "list_under_purpose",
    "list_watchers",
    "load_roots",
    "look_for_hints",
    "mark_hint_seen",
    "open_anchoring",
    "record",
    "record_all",
    "record_alone",
    "seal",
    "search",
    "verify",
    "verify_and_seal",
]
