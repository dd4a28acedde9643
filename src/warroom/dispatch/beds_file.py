"""Free beds of hospitals out of a file: one row for each hospital, a column for each kind. Pure."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, tzinfo
from typing import Any

from warroom.dispatch.beds import BEDS, BedKind
from warroom.kernel import rowfile

MAX_ROWS, MAX_BYTES = 2_000, 1 << 20
MOST = 5_000
"""Beds of a kind that one hospital can have."""

_COLUMN_OF = rowfile.columns_of(
    {
        "name": "name nama rumah_sakit nama_rs faskes hospital facility",
        "lat": "lat latitude lintang y",
        "lon": "lon lng long longitude bujur x",
        "at": "at waktu jam diperbarui update updated_at last_update",
        "igd": "igd igd_kosong ugd igd_free er",
        "icu": "icu icu_kosong icu_free",
        "ward": "ward rawat_inap rawat_inap_kosong ward_free ranap",
        "igd_total": "igd_total igd_kapasitas ugd_total",
        "icu_total": "icu_total icu_kapasitas",
        "ward_total": "ward_total rawat_inap_total rawat_inap_kapasitas",
    }
)


@dataclass(frozen=True, slots=True)
class BedRow:
    """What a row says of a hospital.

    Attributes:
        at: When it was counted; None is when it is read.
        point: Latitude and longitude; None where the row has none.
        beds: Free, and of how many, by kind; an empty cell says nothing.
    """

    number: int
    name: str
    at: datetime | None
    point: tuple[float, float] | None
    beds: Mapping[BedKind, tuple[int, int | None]]


@dataclass(frozen=True, slots=True)
class BadRow:
    """What is wrong with a row: the column, and a code."""

    number: int
    column: str
    code: str


@dataclass(slots=True)
class BedFile:
    """A file, read; `ignored` are headings that mean nothing here."""

    rows: list[BedRow] = field(default_factory=list)
    bad: list[BadRow] = field(default_factory=list)
    ignored: list[str] = field(default_factory=list)


def read_beds(content: bytes, zone: tzinfo) -> BedFile:
    """The rows of a CSV or GeoJSON file; a bad row is told and left out whole.

    Args:
        content: The file.
        zone: Of times that have none.

    Raises:
        rowfile.UnreadableFileError: It is neither, or lacks a column of names.
        rowfile.TooManyRowsError: It has more than `MAX_ROWS` rows.
    """
    found = rowfile.read_rows(content, _COLUMN_OF, frozenset({"name"}), max_rows=MAX_ROWS)
    read = BedFile(ignored=found.ignored)
    read.bad = [BadRow(number, column, "unreadable") for number, column, _ in found.faults]
    for number, cells in found.rows:
        told = _row(number, cells, zone)
        (read.bad if isinstance(told, BadRow) else read.rows).append(told)  # type: ignore[arg-type]
    return read


def _row(number: int, cells: Mapping[str, Any], zone: tzinfo) -> BedRow | BadRow:
    said = {column: cell for column, cell in cells.items() if not _is_empty(cell)}
    name = " ".join(str(said.get("name", "")).split())
    if not 1 <= len(name) <= 120:
        return BadRow(number, "name", "no_name")
    at = _time(said["at"], zone) if "at" in said else None
    if "at" in said and at is None:
        return BadRow(number, "at", "not_a_time")
    lat, lon = rowfile.decimal(said.get("lat", "")), rowfile.decimal(said.get("lon", ""))
    has_point = lat is not None and lon is not None and abs(lat) <= 90 and abs(lon) <= 180
    if not has_point and {"lat", "lon"} & set(said):
        return BadRow(number, "lat", "not_a_point")
    beds: dict[BedKind, tuple[int, int | None]] = {}
    for kind in BEDS:
        columns = [one for one in (kind, f"{kind}_total") if one in said]
        counts = {column: _count(said[column]) for column in columns}
        bad = next((column for column, count in counts.items() if count is None), None)
        if bad is not None:
            return BadRow(number, bad, "not_a_count")
        free, total = counts.get(kind), counts.get(f"{kind}_total")
        if free is not None and total is not None and free > total:
            return BadRow(number, kind, "more_than_all")
        if free is not None:
            beds[kind] = (free, total)
    point = (lat, lon) if has_point and lat is not None and lon is not None else None
    return BedRow(number, name, at, point, beds)


def _is_empty(cell: Any) -> bool:
    return cell is None or (isinstance(cell, str) and not cell.strip())


def _count(cell: Any) -> int | None:
    number = rowfile.decimal(cell)
    return int(number) if number is not None and number in range(MOST + 1) else None


def _time(cell: Any, zone: tzinfo) -> datetime | None:
    try:
        at = datetime.fromisoformat(str(cell).strip())
    except ValueError:
        return None
    return at if at.tzinfo else at.replace(tzinfo=zone)
