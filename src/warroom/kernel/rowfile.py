"""Rows out of a file that somebody made: CSV or GeoJSON. Pure.

Nothing here trusts the file. A row that cannot be read is a fault of that row; the others go on.
Columns may be called in several ways, CSV may be cut by commas, semicolons, tabs or bars, and what
a cell means is for the domain to say.
"""

import csv
import io
import math
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

import msgspec

MAX_CELL = 64 << 10
SHOWN_CHARACTERS = 60
_MOST_IGNORED = 50
_DECIMAL = re.compile(r"^[+-]?(\d+(\.\d*)?|\.\d+)$")

type Fault = Literal["row_unreadable", "too_many_cells", "not_a_point"]
type Cells = dict[str, Any]


class UnreadableFileError(ValueError):
    """It is neither CSV with a known heading nor GeoJSON; the argument is a code."""


class TooManyRowsError(ValueError):
    """It has more rows than were allowed."""


@dataclass(slots=True)
class RowFile:
    """A file, read.

    Attributes:
        encoding: `utf-8`, `utf-16`, or `windows-1252` where letters may be guessed.
        rows: Line of the file (or place of the feature, from 1) and its cells by column.
        faults: Row, field and what is wrong with rows that cannot be looked at further.
        ignored: Headings of columns that mean nothing here.
    """

    encoding: str
    rows: list[tuple[int, Cells]] = field(default_factory=list)
    faults: list[tuple[int, str, Fault]] = field(default_factory=list)
    ignored: list[str] = field(default_factory=list)


def columns_of(words: Mapping[str, str]) -> dict[str, str]:
    """Column by each word for it, from the words of each column with blanks between."""
    return {word: column for column, line in words.items() for word in line.split()}


def read_rows(
    content: bytes, columns: Mapping[str, str], needed: frozenset[str], *, max_rows: int
) -> RowFile:
    """The rows of a CSV or GeoJSON file.

    Args:
        content: The file.
        columns: Column by the words that headings and properties may use.
        needed: Columns of which a CSV's heading must have one at least.
        max_rows: So many are read.

    Raises:
        UnreadableFileError: It is neither, or its heading lacks what is needed.
        TooManyRowsError: It has more rows.
    """
    text, encoding = _decode(content)
    start = text.lstrip()[:1]
    if not start:
        raise UnreadableFileError("empty")
    read = RowFile(encoding)
    source = (
        _features(text, columns, read) if start in "{[" else _lines(text, columns, needed, read)
    )
    for row, cells in source:
        if len(read.rows) + len(read.faults) >= max_rows:
            raise TooManyRowsError
        read.rows.append((row, cells))
    return read


def shown(value: Any) -> str | None:
    """A value as a report may repeat it: without signs that cannot be seen, a long one cut."""
    if value is None:
        return None
    text = "".join(letter if letter.isprintable() else "?" for letter in str(value))
    return text if len(text) <= SHOWN_CHARACTERS else text[:SHOWN_CHARACTERS] + "..."


def decimal(cell: Any) -> float | None:
    """The number of a cell, which may have a decimal comma; None where it is none."""
    if isinstance(cell, bool | list):
        return None
    if isinstance(cell, int | float):
        return float(cell) if abs(cell) < 1e12 and math.isfinite(cell) else None
    text = str(cell).strip().replace("\N{MINUS SIGN}", "-")
    if "." not in text and text.count(",") == 1:
        text = text.replace(",", ".")
    if len(text) > 40 or not text.isascii() or not _DECIMAL.match(text):
        return None
    return float(text)


def _decode(content: bytes) -> tuple[str, str]:
    if content[:2] in (b"\xff\xfe", b"\xfe\xff"):
        try:
            return content.decode("utf-16"), "utf-16"
        except UnicodeDecodeError as error:
            raise UnreadableFileError("encoding") from error
    try:
        return content.decode("utf-8-sig"), "utf-8"
    except UnicodeDecodeError:
        pass
    try:
        # What Excel writes on Windows; the report says so, for letters may be guessed wrongly.
        return content.decode("cp1252"), "windows-1252"
    except UnicodeDecodeError as error:
        raise UnreadableFileError("encoding") from error


def _lines(
    text: str, columns: Mapping[str, str], needed: frozenset[str], read: RowFile
) -> Iterator[tuple[int, Cells]]:
    reader = csv.reader(
        io.StringIO(text, newline=""), delimiter=_delimiter(text, columns), strict=False
    )
    try:
        heading = next(reader)
    except (StopIteration, csv.Error) as error:
        raise UnreadableFileError("heading") from error
    known = [columns.get(_column_word(cell)) for cell in heading]
    if not needed & set(known):
        raise UnreadableFileError("heading")
    read.ignored = [
        word
        for cell, column in zip(heading, known, strict=True)
        if column is None and (word := shown(cell))
    ][:_MOST_IGNORED]
    while True:
        line = reader.line_num + 1
        try:
            cells = next(reader)
        except StopIteration:
            return
        except csv.Error:
            read.faults.append((line, "", "row_unreadable"))
            continue
        if not any(cell.strip() for cell in cells):
            continue
        if len(cells) > len(known) and any(cell.strip() for cell in cells[len(known) :]):
            read.faults.append((line, "", "too_many_cells"))
            continue
        yield line, {c: v for c, v in zip(known, cells, strict=False) if c is not None}


def _delimiter(text: str, columns: Mapping[str, str]) -> str:
    """The sign that cuts the first line into the most columns we know."""
    heading = text.lstrip("\r\n").partition("\n")[0][:MAX_CELL]

    def known(sign: str) -> tuple[int, int]:
        cells = heading.split(sign)
        return sum(_column_word(cell) in columns for cell in cells), len(cells)

    return max((",", ";", "\t", "|"), key=known)


def _column_word(cell: str) -> str:
    return re.sub(r"[^a-z0-9]+", "_", cell.casefold()).strip("_")


def _features(text: str, columns: Mapping[str, str], read: RowFile) -> Iterator[tuple[int, Cells]]:
    try:
        collection = msgspec.json.decode(text)
    except (msgspec.DecodeError, RecursionError) as error:
        raise UnreadableFileError("json") from error
    features = collection.get("features") if isinstance(collection, dict) else None
    if not isinstance(features, list):
        raise UnreadableFileError("geojson")
    for row, feature in enumerate(features, 1):
        properties = feature.get("properties") if isinstance(feature, dict) else None
        if not isinstance(properties, dict):
            read.faults.append((row, "", "row_unreadable"))
            continue
        cells = {
            column: value
            for word, value in properties.items()
            if (column := columns.get(_column_word(word))) and not isinstance(value, dict)
        }
        geometry = feature.get("geometry")
        if isinstance(geometry, dict) and geometry.get("type") == "Point":
            position = geometry.get("coordinates")
            if isinstance(position, list) and len(position) >= 2:
                cells["lon"], cells["lat"] = position[0], position[1]
        elif geometry is not None:
            read.faults.append((row, "geometry", "not_a_point"))
            continue
        yield row, cells
