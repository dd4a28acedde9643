"""Proof of exported entries for a stranger who has no database: made, and checked, without one.

A proof is a text of JSON lines. Each *run* is a piece of one chain: the hash before its first
link, then every link up to one whose hash was anchored. A link is an exported entry in full, or the
digest of one that is not part of the export: its hash follows either way, so the entry is tied to
the anchor while its neighbours' contents stay unknown. Links of form 1 that are not exported can
only be stated by their hash. The lines of anchors that the runs end at, and tokens over them, are
part of the proof; so is the digest of the exported file, which is written anew from the entries
and compared.
"""

import csv
import hashlib
import io
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, fields
from datetime import datetime
from typing import Any, Literal
from uuid import UUID

import msgspec

from warroom.audit.contracts import Entry, Link
from warroom.audit.rules import content_of, hash_of, link_hash

type Form = Literal["csv", "jsonl"]

FORMAT = "warroom.audit.proof"
VERSION = 1

_ENCODE = msgspec.json.Encoder(order="sorted").encode
_COLUMNS = (
    "at", "person_label", "agency_label", "action", "object_kind", "object_label", "place",
    "purpose", "reason", "door", "address", "detail", "recorded_at", "id", "object_id",
    "person_id", "agency_id", "owner_agency_id", "session_id", "chain", "seq", "hash",
)  # fmt: skip
_SIDES = ("thing_tags", "thing_class")
_FORMULA = ("=", "+", "-", "@", "\t", "\r")


@dataclass(frozen=True, slots=True)
class Run:
    """A piece of a chain: its links, some of them exported, up to an anchor.

    Attributes:
        anchor: Number of the line of anchors that holds the last link's hash; None where it is
            newer than any, and only the maker's word stands for it.
    """

    chain: int
    links: Sequence[Link]
    entries: Mapping[int, Entry]
    anchor: int | None


@dataclass(slots=True)
class Report:
    """What checking a proof found.

    Attributes:
        rows: Entries in the export.
        anchored: Of these, entries tied to a line of anchors.
        stated: Links that could only be taken by their stated hash (form 1, not exported).
        anchors: Lines of anchors, each with its number, time and hash; whether a copy held
            elsewhere has it (None without a copy); and when a trusted authority signed it.
        problems: What does not hold: (word, chain or -1, number), the words as `audit.proof_...`.
    """

    rows: int = 0
    anchored: int = 0
    stated: int = 0
    first_at: datetime | None = None
    last_at: datetime | None = None
    made_at: str = ""
    by: str = ""
    anchors: list[dict[str, Any]] = field(default_factory=list)
    problems: list[tuple[str, int, int]] = field(default_factory=list)

    @property
    def holds(self) -> bool:
        """Whether everything in the proof holds."""
        return not self.problems


def plan(
    places: Mapping[int, Iterable[int]],
    anchored: Mapping[int, Sequence[tuple[int, int]]],
    heads: Mapping[int, int],
) -> Iterator[tuple[int, int, int, int | None]]:
    """Which pieces of which chains tie these entries to anchors.

    Args:
        places: Numbers of the entries, by chain.
        anchored: (entry number, line of anchors) by chain, in order.
        heads: Newest number of each chain.

    Yields:
        (chain, first, last, line of anchors or None), in order, no two overlapping.
    """
    for chain, numbers in sorted(places.items()):
        ends = iter(anchored.get(chain, ()))
        end: tuple[int, int | None] = (0, None)
        first = last = 0
        line: int | None = None
        for seq in sorted(numbers):
            if seq <= last:
                continue
            if last:
                yield chain, first, last, line
            while end[0] < seq:
                end = next(ends, (max(heads.get(chain, seq), seq), None))
            first, last, line = seq, *end
        if last:
            yield chain, first, last, line


def render(entries: Iterable[Entry], form: Form) -> bytes:
    """The exported file: newest first; the same entries always give the same bytes.

    Tags and classes of things stand at the end, and in files of older entries alone not at all.
    """
    ordered = sorted(entries, key=lambda entry: (entry.at, entry.id.bytes), reverse=True)
    if form == "jsonl":
        return b"".join(_ENCODE(_plain(entry)) + b"\n" for entry in ordered)
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\r\n")
    columns = _COLUMNS + (_SIDES if any(_tells_sides(entry) for entry in ordered) else ())
    writer.writerow(columns)
    for entry in ordered:
        plain = _plain(entry)
        writer.writerow([as_cell(plain.get(name)) for name in columns])
    return out.getvalue().encode()


def as_cell(value: object) -> str:
    """A value as a cell of CSV that no spreadsheet takes for a formula."""
    is_list = isinstance(value, list)
    text = _ENCODE(value).decode() if is_list else "" if value is None else str(value)
    # What a spreadsheet would take for a formula is shown to it as a text.
    return f"'{text}" if text.startswith(_FORMULA) else text


def _plain(entry: Entry) -> dict[str, Any]:
    names = (item.name for item in fields(entry) if _tells_sides(entry) or item.name not in _SIDES)
    return {name: _value(getattr(entry, name)) for name in names}


def _tells_sides(entry: Entry) -> bool:
    return entry.form >= 3


def _value(value: object) -> object:
    match value:
        case bytes():
            return value.hex()
        case UUID():
            return str(value)
        case datetime():
            return value.isoformat(timespec="microseconds")
    return value


def build(
    header: dict[str, Any],
    runs: Iterable[Run],
    lines: Mapping[int, bytes],
    tokens: Iterable[tuple[int, str, str]],
) -> bytes:
    """The proof's text.

    Args:
        header: What is told of the export: who, when, filters, name and SHA-256 of its file.
        runs: Pieces of chains.
        lines: Lines of anchors by number.
        tokens: (line, authority, answer in base64) over these lines.
    """
    parts = [_ENCODE({"kind": FORMAT, "version": VERSION, **header})]
    parts += [
        _ENCODE({"kind": "anchor", "line": line.decode()}) for _, line in sorted(lines.items())
    ]
    parts += [
        _ENCODE({"kind": "token", "n": number, "authority": authority, "tsr": content})
        for number, authority, content in tokens
    ]
    parts += [_ENCODE(_run(run)) for run in runs]
    body = b"".join(part + b"\n" for part in parts)
    end = {"kind": "end", "lines": len(parts), "sha256": hashlib.sha256(body).hexdigest()}
    return body + _ENCODE(end) + b"\n"


def _run(run: Run) -> dict[str, Any]:
    links: list[Any] = []
    for link in run.links:
        entry = run.entries.get(link.seq)
        if entry is not None:
            links.append({"entry": _plain(entry)})
        elif link.digest is not None:
            links.append(link.digest.hex())
        else:
            links.append({"hash": link.hash.hex()})
    first, last = run.links[0], run.links[-1]
    return {
        "kind": "run",
        "chain": run.chain,
        "first": first.seq,
        "previous": first.previous.hex(),
        "links": links,
        "anchor": run.anchor,
        "hash": last.hash.hex(),
    }


def entry_of(plain: Mapping[str, Any]) -> Entry:
    """An entry from a line of an export.

    Raises:
        msgspec.ValidationError: It is none.
    """
    values = dict(plain)
    for name in ("previous", "hash"):
        values[name] = bytes.fromhex(str(values.get(name)))
    return msgspec.convert(values, Entry)


def check_runs(runs: Iterable[Mapping[str, Any]], heads: Mapping[int, Mapping[str, Any]],
               report: Report) -> list[Entry]:  # fmt: skip
    """Follows every run from its first hash to its last, and compares that with its anchor.

    Args:
        runs: Runs as in the text.
        heads: Records of the lines of anchors that are what their hash says, by number.
        report: Gets what was found.

    Returns:
        The entries.
    """
    entries: list[Entry] = []
    for run in runs:
        chain, seq = int(run["chain"]), int(run["first"]) - 1
        previous = bytes.fromhex(run["previous"])
        own: list[Entry] = []
        for link in run["links"]:
            seq += 1
            if isinstance(link, str):
                previous = link_hash(chain, seq, previous, bytes.fromhex(link))
            elif "entry" in link:
                entry = entry_of(link["entry"])
                stands = (entry.chain, entry.seq, entry.previous) == (chain, seq, previous)
                if not stands or hash_of(entry) != entry.hash:
                    report.problems.append(("row", chain, seq))
                own.append(entry)
                previous = entry.hash
            else:
                report.stated += 1
                previous = bytes.fromhex(link["hash"])
        if previous.hex() != run["hash"]:
            report.problems.append(("run", chain, seq))
        entries += own
        if run["anchor"] is None:
            continue
        head = heads.get(run["anchor"], {}).get("heads", {}).get(str(chain))
        if head == [seq, previous.hex()]:
            report.anchored += len(own)
        else:
            report.problems.append(("anchor", chain, seq))
    return entries


def digest_of(entry: Entry) -> bytes:
    """SHA-256 of an entry's content: what stands for it where it is not shown."""
    return hashlib.sha256(content_of(entry)).digest()
