"""Takes entries out of the city with a proof that a stranger can check without the database."""

import asyncio
import base64
import csv
import hashlib
import io
import zipfile
from collections import defaultdict
from collections.abc import Iterable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from warroom.audit import service, store
from warroom.audit.anchoring import Anchoring
from warroom.audit.anchors import Line
from warroom.audit.contracts import Entry
from warroom.audit.errors import TooMuchToExportError
from warroom.audit.proof_check import PROOF
from warroom.audit.proofs import Form, Run, as_cell, build, plan, render
from warroom.kernel.db import Transaction
from warroom.kernel.i18n import text
from warroom.kernel.scope import Scope

MOST_ROWS = 50_000
MOST_LINKS = 1_000_000
NAMES = "names.csv"


@dataclass(frozen=True, slots=True)
class Exported:
    """An archive, its name, and how many entries are in it."""

    name: str
    content: bytes
    rows: int


async def export(
    scope: Scope, tx: Transaction, anchoring: Anchoring, filters: dict[str, Any], form: Form
) -> Exported:
    """Exports the entries that the scope may read and the filters want; the export is an entry.

    Raises:
        TooMuchToExportError: More entries, or more links between them, than one export takes.
    """
    entries = await store.list_entries(scope, tx, service.wanted(filters), MOST_ROWS + 1)
    if len(entries) > MOST_ROWS:
        raise TooMuchToExportError(most=MOST_ROWS)
    heads = {head.chain: head.seq for head in await store.list_heads(scope, tx)}
    places: dict[int, dict[int, Entry]] = defaultdict(dict)
    for entry in entries:
        places[entry.chain][entry.seq] = entry
    anchored = await asyncio.to_thread(_ends, anchoring, places)
    runs = await _runs(scope, tx, places, anchored, heads)
    names = await store.list_names(scope, tx, _people_in(entries))
    asked = {word: str(value) for word, value in filters.items() if value is not None}
    archive = await asyncio.to_thread(_archive, scope, anchoring, entries, runs, names, asked, form)
    await service.record(
        scope,
        tx,
        action="audit:exported",
        object_kind="audit",
        object_id=None,
        agency_id=scope.agency_id,
        detail={
            "filters": asked,
            "rows": len(entries),
            "sha256": hashlib.sha256(archive).hexdigest(),
        },
    )
    return Exported(f"audit-{_stamp(scope.at)}.zip", archive, len(entries))


def _ends(
    anchoring: Anchoring, places: Mapping[int, Iterable[int]]
) -> dict[int, list[tuple[int, int]]]:
    """The first anchor at or after each of these entries: (entry number, line), by chain."""
    waiting = {chain: sorted(numbers, reverse=True) for chain, numbers in places.items()}
    found: dict[int, list[tuple[int, int]]] = defaultdict(list)

    def see(line: Line) -> None:
        for chain, (seq, _) in line.heads.items():
            numbers = waiting.get(chain)
            if numbers and numbers[-1] <= seq:
                found[chain].append((seq, line.number))
                while numbers and numbers[-1] <= seq:
                    numbers.pop()

    anchoring.file.walk(see)
    return found


async def _runs(
    scope: Scope,
    tx: Transaction,
    places: Mapping[int, Mapping[int, Entry]],
    anchored: Mapping[int, list[tuple[int, int]]],
    heads: dict[int, int],
) -> list[Run]:
    runs: list[Run] = []
    count = 0
    for chain, first, last, anchor in plan(places, anchored, heads):
        count += last - first + 1
        if count > MOST_LINKS:
            raise TooMuchToExportError(most=MOST_ROWS)
        links = await store.list_links(scope, tx, chain, first, last)
        runs.append(Run(chain, links, places[chain], anchor))
    return runs


def _archive(
    scope: Scope,
    anchoring: Anchoring,
    entries: list[Entry],
    runs: list[Run],
    names: dict[UUID, str],
    asked: dict[str, str],
    form: Form,
) -> bytes:
    data, name = render(entries, form), f"audit.{form}"
    used = {run.anchor for run in runs if run.anchor is not None}
    newest = max(used, default=0)
    # A token over a later line speaks for the earlier ones only by the lines between; so the
    # first signed line from the newest used one on is taken along.
    kept = anchoring.stamps.list_kept()
    tokens = [token for token in kept if token.line in used]
    later = [token for token in kept if token.line >= newest > 0]
    tokens += [token for token in later[:1] if token not in tokens]
    wanted = used | {
        number for token in tokens for number in range(min(newest, token.line), token.line + 1)
    }
    lines: dict[int, bytes] = {}

    def see(line: Line) -> None:
        if line.number in wanted:
            lines[line.number] = line.content

    anchoring.file.walk(see)
    header = {
        "made_at": scope.at.isoformat(),
        "by": ", ".join(filter(None, (scope.label, scope.agency_label))),
        "filters": asked,
        "rows": len(entries),
        "data": {"name": name, "sha256": hashlib.sha256(data).hexdigest()},
    }
    proof = build(
        header,
        runs,
        lines,
        ((token.line, token.authority, base64.b64encode(token.content).decode())
         for token in tokens),
    )  # fmt: skip
    readme = "\n\n".join(text(language, "audit.export_readme") for language in ("id", "en"))
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr(name, data)
        archive.writestr(PROOF, proof)
        archive.writestr(NAMES, _names_csv(names))
        archive.writestr("README.txt", readme + "\n")
    return out.getvalue()


def _people_in(entries: list[Entry]) -> list[UUID]:
    """Ids of the accounts that did something, or to which something was done."""
    ids = {entry.person_id for entry in entries if entry.person_id is not None}
    for entry in entries:
        if entry.object_kind == "person" and entry.object_id:
            with suppress(ValueError):  # What is no id is no account.
                ids.add(UUID(entry.object_id))
    return sorted(ids)


def _names_csv(names: dict[UUID, str]) -> str:
    """What accounts are called as of today: beside the proof, for entries hold their ids alone."""
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\r\n")
    writer.writerow(("person_id", "name"))
    writer.writerows((str(one), as_cell(name)) for one, name in names.items())
    return out.getvalue()


def _stamp(at: datetime) -> str:
    return at.strftime("%Y%m%d-%H%M%S")
