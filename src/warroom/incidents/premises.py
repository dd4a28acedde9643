"""Places that people name: kept by their agency, found by what a caller says, told to crews."""

import asyncio
import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from warroom.audit import api as audit
from warroom.incidents import premise_store as store
from warroom.incidents.contracts import PREMISES, TAKE, Place, PremiseThere
from warroom.incidents.duplicates import distance_m
from warroom.incidents.errors import (
    BadPremiseFileError,
    IncidentNotFoundError,
    NoAgencyError,
    PremiseChangedError,
)
from warroom.incidents.intake import place_at
from warroom.incidents.premise_rules import (
    MAX_BYTES,
    MAX_ROWS,
    Heard,
    PremiseDraft,
    PremiseFile,
    Rejected,
    heard,
    key_of,
    names_of,
    read_file,
)
from warroom.kernel import rowfile
from warroom.kernel.db import Database, Transaction
from warroom.kernel.ids import new_id
from warroom.kernel.scope import Scope
from warroom.places import api as places
from warroom.places.api import Atlas

MOST_NAMES = 5_000
_LEAST_SCORE = 0.5
_SAME_PLACE_M = 200.0
"""Within which a premise and a place of the city pack of the same name are one."""

_TEXTS = ("aliases", "hazards", "access", "key_holder", "hydrant", "plan", "contacts")


@dataclass(frozen=True, slots=True)
class PremiseReport:
    """What an import did, or would do."""

    added: int
    changed: int
    unchanged: int
    rejected: tuple[Rejected, ...]
    dry_run: bool
    encoding: str
    ignored: tuple[str, ...]


class Names:
    """The names of all premises of the city, for who takes calls; read anew when one has changed.

    Asked as the system: a call taker need not see what every agency keeps to send somebody to its
    door. Who has the keys, whom to call and what is written down of it are not among them.

    Args:
        db: Where premises are.
        standing: The system's scope.
    """

    def __init__(self, db: Database, standing: Scope) -> None:
        self._db, self._standing = db, standing
        self._stamp: object = None
        self._rows: list[dict[str, Any]] = []

    async def read(self) -> list[dict[str, Any]]:
        """What changed last comes first; no more than `MOST_NAMES`."""
        async with self._db.transaction(self._standing) as tx:
            stamp = await store.stamp_of_names(self._standing, tx)
            if stamp != self._stamp:
                self._rows = await store.list_names(self._standing, tx, MOST_NAMES)
                self._stamp = stamp
        return self._rows


async def list_premises(
    scope: Scope, tx: Transaction, *, after: UUID | None, retired: bool, limit: int
) -> bytes:
    """A page of the premises that the asker may keep, the eldest first, as a JSON list."""
    return await store.list_page(scope, tx, PREMISES, after=after, retired=retired, limit=limit)


async def list_premise_versions(scope: Scope, tx: Transaction, premise_id: UUID) -> bytes:
    """Every version of a premise, the newest first, as a JSON list.

    Raises:
        IncidentNotFoundError: There is none, or not for this scope.
    """
    found = await store.list_versions(scope, tx, PREMISES, premise_id)
    if bytes(found) == b"[]":
        raise IncidentNotFoundError
    return found


async def add_premise(scope: Scope, tx: Transaction, draft: PremiseDraft, now: datetime) -> UUID:
    """Keeps what is known of a place for the asker's agency.

    Raises:
        NoAgencyError: The asker has no agency.
        IncidentNotFoundError: The asker may keep none there.
    """
    agency_id = _agency_of(scope)
    premise_id = new_id()
    if not _may_keep(scope, agency_id, premise_id, draft):
        raise IncidentNotFoundError
    await store.insert(scope, tx, [_row(premise_id, agency_id, draft)], "added", now)
    await _record(scope, tx, "premise_added", premise_id, draft.name, agency_id)
    return premise_id


async def change_premise(
    scope: Scope,
    tx: Transaction,
    premise_id: UUID,
    draft: PremiseDraft,
    version: int,
    now: datetime,
) -> int:
    """Writes the next version of a premise, and gives its number.

    Raises:
        IncidentNotFoundError: There is none, it was taken away, or the asker may not keep it, here
            or where it is moved to.
        PremiseChangedError: Somebody else changed it since this version.
    """
    stored = await _get(scope, tx, premise_id)
    if stored["version"] != version:
        raise PremiseChangedError(version=stored["version"])
    if not _may_keep(scope, stored["agency_id"], premise_id, draft):
        raise IncidentNotFoundError
    row = _row(premise_id, stored["agency_id"], draft)
    await store.update(scope, tx, [row], "changed", now)
    await _record(scope, tx, "premise_changed", premise_id, draft.name, stored["agency_id"])
    return version + 1


async def remove_premise(scope: Scope, tx: Transaction, premise_id: UUID, now: datetime) -> None:
    """Takes it away, and forgets whom to call there, in every version.

    Raises:
        IncidentNotFoundError: There is none, or not for this scope.
    """
    stored = await _get(scope, tx, premise_id)
    await store.remove(scope, tx, premise_id, now)
    await _record(scope, tx, "premise_removed", premise_id, stored["name"], stored["agency_id"])


async def import_premises(
    atlas: Atlas, scope: Scope, tx: Transaction, content: bytes, *, dry_run: bool, now: datetime
) -> PremiseReport:
    """Adds and changes premises of the asker's agency; every bad row is told and left out.

    A row is known by kind, name and kelurahan: the same file twice changes nothing. What a row does
    not say stays as it is.

    Raises:
        NoAgencyError: The asker has no agency.
        BadPremiseFileError: It is neither CSV with a column of names nor GeoJSON, or too large.
    """
    agency_id = _agency_of(scope)
    read = _read(content)
    kept = {
        key_of(row["kind"], row["name"], row["place"] or ""): row
        for row in await store.lock(scope, tx, PREMISES)
        if row["agency_id"] == agency_id
    }
    added: list[dict[str, Any]] = []
    changed: list[dict[str, Any]] = []
    rejected = list(read.rejected)
    first: dict[tuple[str, str, str], int] = {}
    for number, values in read.rows:
        place = place_at(atlas, values["lat"], values["lon"])
        key = key_of(values["kind"], values["name"], place.area or "")
        old = kept.get(key)
        draft = _draft(values, place, old)
        premise_id = new_id() if old is None else old["id"]
        if key in first:
            text = str(first[key])
            rejected.append(Rejected(number, "name", "incidents.premise_twice", text))
        elif not _may_keep(scope, agency_id, premise_id, draft):
            rejected.append(Rejected(number, "lat", "incidents.premise_elsewhere"))
        else:
            row = _row(premise_id, agency_id, draft)
            if old is None:
                added.append(row)
            elif any(old[name] != value for name, value in row.items()):
                changed.append(row)
        first.setdefault(key, number)
    report = PremiseReport(
        added=len(added),
        changed=len(changed),
        unchanged=len(read.rows) + len(read.rejected) - len(added) - len(changed) - len(rejected),
        rejected=tuple(sorted(rejected, key=lambda one: one.row)),
        dry_run=dry_run,
        encoding=read.encoding,
        ignored=tuple(read.ignored),
    )
    if not dry_run:
        await _store_import(scope, tx, (added, changed), content, report, now)
    return report


async def list_premises_in(
    scope: Scope, tx: Transaction, box: tuple[float, float, float, float]
) -> list[PremiseThere]:
    """Premises in view between west, south, east and north; what is dangerous first, then by name.

    Hydrants and gates are not among them: nobody is there.
    """
    sides = dict(zip(("west", "south", "east", "north"), box, strict=True))
    rows = await store.list_in_box(scope, tx, sides)
    return [PremiseThere(**row | {"dangers": tuple(row["dangers"])}) for row in rows]


async def find_places(
    atlas: Atlas, names: Names, scope: Scope, tx: Transaction, text: str, limit: int
) -> dict[str, Any]:
    """Places by what a caller says: premises and places of the city pack, best first.

    Who takes calls finds the premises of every agency by name, kelurahan and signs of danger;
    everybody else those in view.

    "Depan Masjid X" is looked for whole and, without what stands before the name, as that name; the
    answer gives what was left out as `relation`.
    """
    said = heard(text[:200])
    asked = [text] if not said.relation else [text, said.name]
    city = [
        {
            **{name: getattr(one, name) for name in ("id", "kind", "name", "detail", "lat", "lon")},
            "score": one.score,
            "dangers": [],
            "premise": None,
        }
        for words in (asked if scope.may("city:view") else [])
        for one in atlas.search(words, limit)
    ]
    is_taker = scope.may(TAKE)
    rows = await (names.read() if is_taker else store.list_names(scope, tx, MOST_NAMES))
    own = await asyncio.to_thread(_scored, rows, asked)
    return {"items": _best(own, city, limit), "relation": _relation(said, own, city, text)}


def _relation(
    said: Heard, own: Sequence[dict[str, Any]], city: Sequence[dict[str, Any]], text: str
) -> str:
    """What stood before the name; nothing where the whole text is a name, as of a lane."""
    whole = " ".join(text.casefold().split())
    is_name = any(one["name"].casefold() == whole for one in (*own, *city))
    return "" if is_name else said.relation


def _scored(rows: Sequence[dict[str, Any]], asked: Sequence[str]) -> list[dict[str, Any]]:
    found = []
    for row in rows:
        names = names_of(row["name"], row["aliases"])
        score = max(places.fit(words, name) for words in asked for name in names)
        if score >= _LEAST_SCORE:
            found.append(
                {
                    "id": str(row["id"]),
                    "kind": row["kind"],
                    "name": row["name"],
                    "detail": row["area"],
                    "lat": row["lat"],
                    "lon": row["lon"],
                    "score": round(score, 3),
                    "dangers": row["dangers"],
                    "premise": str(row["id"]),
                }
            )
    return found


def _best(
    own: list[dict[str, Any]], city: list[dict[str, Any]], limit: int
) -> list[dict[str, Any]]:
    """Both by score; of one place with one name what its agency keeps, with its dangers."""
    seen: set[str] = set()
    items = []
    for one in sorted([*own, *city], key=lambda one: -one["score"]):
        is_same = one["premise"] is None and any(
            one["name"].casefold() == other["name"].casefold()
            and distance_m((one["lat"], one["lon"]), (other["lat"], other["lon"])) <= _SAME_PLACE_M
            for other in own
        )
        if one["id"] not in seen and not is_same:
            seen.add(one["id"])
            items.append(one)
    return items[:limit]


def _read(content: bytes) -> PremiseFile:
    if len(content) > MAX_BYTES:
        raise BadPremiseFileError(problem="too_large", rows=MAX_ROWS)
    try:
        return read_file(content)
    except rowfile.UnreadableFileError as error:
        raise BadPremiseFileError(problem=str(error), rows=MAX_ROWS) from error
    except rowfile.TooManyRowsError as error:
        raise BadPremiseFileError(problem="too_large", rows=MAX_ROWS) from error


def _draft(values: dict[str, Any], place: Place, old: dict[str, Any] | None) -> PremiseDraft:
    """What a row says over what is kept already."""
    texts = {name: values.get(name, old[name] if old else "") for name in _TEXTS}
    dangers = values.get("dangers", tuple(old["dangers"]) if old else ())
    return PremiseDraft(values["kind"], values["name"], place, dangers=dangers, **texts)


async def _store_import(
    scope: Scope,
    tx: Transaction,
    rows: tuple[list[dict[str, Any]], list[dict[str, Any]]],
    content: bytes,
    report: PremiseReport,
    now: datetime,
) -> None:
    added, changed = rows
    if added:
        await store.insert(scope, tx, added, "imported", now)
    if changed:
        await store.update(scope, tx, changed, "imported", now)
    await audit.record(
        scope,
        tx,
        action="incident:premises_imported",
        object_kind="premise_list",
        object_id=None,
        agency_id=scope.agency_id,
        detail={
            "sha256": hashlib.sha256(content).hexdigest(),
            "added": report.added,
            "changed": report.changed,
            "unchanged": report.unchanged,
            "rejected": len(report.rejected),
        },
    )


async def _get(scope: Scope, tx: Transaction, premise_id: UUID) -> dict[str, Any]:
    found = await store.lock(scope, tx, PREMISES, premise_id)
    if not found:
        raise IncidentNotFoundError
    return found[0]


def _agency_of(scope: Scope) -> UUID:
    if scope.agency_id is None:
        raise NoAgencyError
    return scope.agency_id


def _may_keep(scope: Scope, agency_id: UUID, premise_id: UUID, draft: PremiseDraft) -> bool:
    return scope.allows(
        PREMISES,
        agency_id=agency_id,
        place=draft.place.area,
        object_id=premise_id,
        tags=(),
        class_=draft.kind,
    )


def _row(premise_id: UUID, agency_id: UUID, draft: PremiseDraft) -> dict[str, Any]:
    return {
        "id": premise_id,
        "agency_id": agency_id,
        "kind": draft.kind,
        "name": " ".join(draft.name.split()),
        "place": draft.place.area,
        "area": draft.place.area_name,
        "lat": draft.place.lat,
        "lon": draft.place.lon,
        "dangers": list(draft.dangers),
        **{name: getattr(draft, name).strip() for name in _TEXTS},
    }


async def _record(
    scope: Scope, tx: Transaction, deed: str, premise_id: UUID, name: str, agency_id: UUID
) -> None:
    await audit.record(
        scope,
        tx,
        action=f"incident:{deed}",
        object_kind="premise",
        object_id=premise_id,
        object_label=name,
        agency_id=agency_id,
    )
