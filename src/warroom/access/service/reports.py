"""The report to the owner: who looked at what, when and how long, under a request."""

import csv
import io
from uuid import UUID

from warroom.access.contracts import VIEW, Look, Report
from warroom.access.service.decisions import purpose_of
from warroom.access.service.loading import Loaded, load, tell
from warroom.audit import api as audit
from warroom.kernel.db import Transaction
from warroom.kernel.scope import Scope

MOST_LOOKS = 5_000


async def report_request(scope: Scope, tx: Transaction, request_id: UUID) -> tuple[Loaded, Report]:
    """Everything that was seen or done under a request so far; reading it is written down.

    An owner reads of its own things, the agency that asked of its own people.

    Raises:
        NotFoundError: There is none, for this scope.
    """
    loaded = await load(scope, tx, request_id, VIEW)
    purpose = purpose_of(loaded.row) if loaded.row["number"] else ""
    report = await report_purpose(scope, tx, purpose)
    agencies = [part["owner_id"] for part in loaded.parts] or [loaded.row["from_agency_id"]]
    await tell(scope, tx, loaded, "report_read", agencies, detail={"looks": len(report.looks)})
    return loaded, report


async def report_purpose(scope: Scope, tx: Transaction, purpose: str) -> Report:
    """What the audit holds under a purpose, as far as the scope may read of it."""
    rows = await audit.list_under_purpose(scope, tx, purpose, action=VIEW, limit=MOST_LOOKS + 1)
    looks = tuple(
        Look(
            at=row["at"],
            person=row["person_label"],
            agency=row["agency_label"],
            action=row["action"],
            kind=row["object_kind"],
            camera_id=row["object_id"],
            camera=row["object_label"],
            seconds=row["seconds"],
            footage_from=row["footage_from"],
            footage_to=row["footage_to"],
        )
        for row in rows[:MOST_LOOKS]
    )
    return Report(
        looks=looks,
        people=len({look.person for look in looks}),
        cameras=_count(looks, "camera"),
        units=_count(looks, "unit"),
        live_s=sum(look.seconds or 0 for look in looks if look.action.startswith("live:")),
        footage_s=sum(
            row["footage_s"] or 0 for row in rows[:MOST_LOOKS] if row["object_kind"] == "camera"
        ),
        is_cut=len(rows) > MOST_LOOKS,
    )


def _count(looks: tuple[Look, ...], kind: str) -> int:
    return len({look.camera_id for look in looks if look.kind == kind})


_HEAD = (
    *("at", "person", "agency", "action", "camera", "seconds", "footage_from", "footage_to"),
    "kind",
)


def as_csv(report: Report) -> str:
    """The looks as CSV (RFC 4180), UTF-8, one line each; cells never begin a formula."""
    out = io.StringIO()
    writer = csv.writer(out)
    writer.writerow(_HEAD)
    for look in report.looks:
        cells = [getattr(look, word) for word in _HEAD]
        cells[0] = look.at.isoformat(timespec="milliseconds")
        writer.writerow([_harmless(cell) for cell in cells])
    return out.getvalue()


def _harmless(cell: object) -> object:
    """A text that a spreadsheet would take for a formula gets a quote before it (OWASP)."""
    if isinstance(cell, str) and cell[:1] in ("=", "+", "-", "@", "\t", "\r"):
        return f"'{cell}"
    return cell
