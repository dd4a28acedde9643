"""Reading a list of units out of a CSV that somebody made. Pure.

A row that cannot be read is a problem of that row; the others go on. Columns may be called in
Indonesian or English, numbers may have a decimal comma.
"""

import csv
import io
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from warroom.units.contracts import Problem
from warroom.units.errors import UnreadableImportError

MAX_BYTES, MAX_ROWS = 4 << 20, 20_000
_SHOWN = 60

_COLUMNS = {
    "name": "name nama callsign panggilan",
    "kind": "kind jenis type tipe",
    "agency": "agency instansi lembaga dinas opd owner pemilik",
    "plate": "plate pelat plat nopol nomor_polisi",
    "station": "station pos pangkalan",
    "place": "place kode_wilayah wilayah area",
    "capabilities": "capabilities kemampuan",
    "crew": "crew awak personel",
    "width_m": "width_m width lebar lebar_m",
    "height_m": "height_m height tinggi tinggi_m",
    "device": "device alat gps id_gps",
    "tags": "tags tag label",
    "simulated": "simulated simulasi",
    "enabled": "enabled aktif",
    "notes": "notes catatan keterangan",
}
_COLUMN_OF = {word: column for column, words in _COLUMNS.items() for word in words.split()}
_YES = frozenset(["1", "true", "t", "yes", "y", "ya", "benar", "on", "aktif", "x"])
_NO = frozenset(["0", "false", "f", "no", "n", "tidak", "tdk", "salah", "off", "nonaktif", "-"])


@dataclass(frozen=True, slots=True)
class Row:
    """One line; cells that were empty are not in `values`."""

    row: int
    values: dict[str, Any]


@dataclass(slots=True)
class Read:
    """A file, read: rows to look at further, and problems of those that cannot be."""

    rows: list[Row] = field(default_factory=list)
    problems: list[Problem] = field(default_factory=list)
    ignored: list[str] = field(default_factory=list)


def read_csv(content: bytes) -> Read:
    """The rows of a CSV with a heading.

    Raises:
        UnreadableImportError: It is none, lacks the columns name, kind and agency, or is too large.
    """
    if len(content) > MAX_BYTES:
        raise UnreadableImportError(problem="size")
    read = Read()
    for row, cells in _lines(_decoded(content), read):
        if row > MAX_ROWS + 1:
            raise UnreadableImportError(problem="size")
        values: dict[str, Any] = {}
        good = True
        for column, cell in cells.items():
            text = cell.strip()
            if not text:
                continue
            value = _value(column, text)
            if value is None:
                read.problems.append(Problem(row, column, "units.field_invalid", shown(text)))
                good = False
            values[column] = value
        if good and values:
            read.rows.append(Row(row, values))
    return read


def shown(value: Any) -> str:
    """A cell as a report repeats it."""
    text = "".join(letter if letter.isprintable() else "?" for letter in str(value))
    return text if len(text) <= _SHOWN else text[:_SHOWN] + "..."


def _decoded(content: bytes) -> str:
    for encoding in ("utf-8-sig", "cp1252"):
        try:
            return content.decode(encoding)
        except UnicodeDecodeError:
            continue
    raise UnreadableImportError(problem="encoding")


def _lines(text: str, read: Read) -> Iterator[tuple[int, dict[str, str]]]:
    heading_line = text.lstrip("\r\n").partition("\n")[0]
    sign = max((",", ";", "\t"), key=heading_line.count)
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=sign)
    columns: list[str | None] = []
    try:
        for cells in reader:
            if not any(cell.strip() for cell in cells):
                continue
            if not columns:
                columns = [_COLUMN_OF.get(_word(cell)) for cell in cells]
                read.ignored = [
                    shown(cell) for cell, c in zip(cells, columns, strict=True) if c is None
                ]
                if not {"name", "kind", "agency"} <= set(columns):
                    raise UnreadableImportError(problem="heading")
                continue
            if any(cell.strip() for cell in cells[len(columns) :]):
                read.problems.append(Problem(reader.line_num, "", "units.too_many_cells"))
                continue
            named = zip(columns, cells, strict=False)
            yield reader.line_num, {column: cell for column, cell in named if column}
    except csv.Error as error:
        raise UnreadableImportError(problem="csv") from error
    if not columns:
        raise UnreadableImportError(problem="empty")


def _word(cell: str) -> str:
    return re.sub(r"[^a-z0-9]+", "_", cell.casefold()).strip("_")


def _value(column: str, text: str) -> Any:
    """The cell as this column's kind of value; None if it is not one."""
    if column in ("tags", "capabilities"):
        return tuple(word for word in re.split(r"[\s;,|]+", text) if word)
    if column in ("simulated", "enabled"):
        word = text.casefold()
        return True if word in _YES else False if word in _NO else None
    if column in ("crew", "width_m", "height_m"):
        try:
            number = float(text.replace(",", ".", 1))
        except ValueError:
            return None
        if column == "crew":
            return int(number) if number.is_integer() else None
        return number
    return text
