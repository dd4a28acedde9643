"""Reading a list of cameras out of a file that somebody made: CSV or GeoJSON. Pure.

Nothing here trusts the file. A row that cannot be read is a problem of that row; the others go on.
Columns may be called in Indonesian or English, cells may use a decimal comma, and a cell that
looks like a formula stays the text it is. A cell of a login or an address is never repeated in a
problem.
"""

import csv
import io
import math
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import msgspec

from warroom.cameras.contracts import Problem
from warroom.cameras.errors import ImportTooLargeError, ImportUnreadableError

MAX_CELL = 64 << 10
SHOWN_CHARACTERS = 60

_COLUMNS = {
    "number": "number no nomor nomer nomor_kamera no_kamera camera_number id_kamera",
    "name": "name nama nama_kamera camera_name",
    "site": "site place lokasi tempat alamat location titik",
    "owner": "owner agency pemilik instansi lembaga opd skpd dinas",
    "lat": "lat latitude lintang y",
    "lon": "lon lng long longitude bujur x",
    "height_m": "height_m height tinggi tinggi_m",
    "bearing_deg": "bearing bearing_deg arah arah_deg azimut azimuth",
    "fov_deg": "fov fov_deg sudut sudut_pandang bidang_pandang",
    "range_m": "range_m range jangkauan jangkauan_m jarak",
    "is_ptz": "ptz is_ptz bergerak",
    "kecamatan": "kecamatan district",
    "kelurahan": "kelurahan village ward",
    "url": "url rtsp rtsp_url stream aliran alamat_aliran main_url",
    "sub_url": "sub_url substream sub_stream aliran_kecil aliran_sub",
    "transport": "transport transportasi",
    "username": "username user login pengguna nama_pengguna",
    "password": "password pass sandi kata_sandi",
    "tags": "tags tag label",
    "retention_class": "retention_class retention retensi kelas_retensi",
    "simulated": "simulated simulasi",
    "enabled": "enabled aktif",
    "notes": "notes catatan keterangan",
}
_COLUMN_OF = {word: column for column, words in _COLUMNS.items() for word in words.split()}
SECRET_COLUMNS = frozenset(("url", "sub_url", "username", "password"))
_NUMBERS = frozenset(("lat", "lon", "height_m", "bearing_deg", "fov_deg", "range_m"))
_FLAGS = frozenset(("is_ptz", "simulated", "enabled"))
_YES = frozenset(["1", "true", "t", "yes", "y", "ya", "benar", "on", "aktif", "x"])
_NO = frozenset(["0", "false", "f", "no", "n", "tidak", "tdk", "salah", "off", "nonaktif", "-"])
_DECIMAL = re.compile(r"^[+-]?(\d+(\.\d*)?|\.\d+)$")
_WHOLE = re.compile(r"^\d{1,9}(\.0+)?$")


@dataclass(frozen=True, slots=True)
class ImportRow:
    """One row, its cells turned into values; what was empty or absent is not in `values`.

    Attributes:
        row: Line of the file or place of the feature, from 1.
        values: By column; logins and addresses among them, so it is not shown.
    """

    row: int
    values: dict[str, Any] = field(repr=False)


@dataclass(slots=True)
class ImportFile:
    """A file, read: rows that can be looked at further, and problems of those that cannot."""

    encoding: str
    rows: list[ImportRow] = field(default_factory=list)
    problems: list[Problem] = field(default_factory=list)
    ignored: list[str] = field(default_factory=list)


def read_file(content: bytes, *, max_rows: int) -> ImportFile:
    """The rows of a CSV or GeoJSON file.

    Raises:
        ImportUnreadableError: It is neither, or lacks the columns that name a camera.
        ImportTooLargeError: It has more than `max_rows` rows.
    """
    text, encoding = _decode(content)
    start = text.lstrip()[:1]
    if not start:
        raise ImportUnreadableError(problem="empty")
    read = ImportFile(encoding)
    source = _features(text, read) if start in "{[" else _lines(text, read)
    for row, cells in source:
        if len(read.rows) + len({problem.row for problem in read.problems}) >= max_rows:
            raise ImportTooLargeError(limit_rows=max_rows)
        _take(read, row, cells)
    return read


def shown(column: str, value: Any) -> str | None:
    """A value as a report may repeat it; None where it might be a secret."""
    if column in SECRET_COLUMNS or value is None:
        return None
    text = "".join(letter if letter.isprintable() else "?" for letter in str(value))
    return text if len(text) <= SHOWN_CHARACTERS else text[:SHOWN_CHARACTERS] + "..."


def _decode(content: bytes) -> tuple[str, str]:
    if content[:2] in (b"\xff\xfe", b"\xfe\xff"):
        try:
            return content.decode("utf-16"), "utf-16"
        except UnicodeDecodeError as error:
            raise ImportUnreadableError(problem="encoding") from error
    try:
        return content.decode("utf-8-sig"), "utf-8"
    except UnicodeDecodeError:
        pass
    try:
        # What Excel writes on Windows; the report says so, for letters may be guessed wrongly.
        return content.decode("cp1252"), "windows-1252"
    except UnicodeDecodeError as error:
        raise ImportUnreadableError(problem="encoding") from error


def _lines(text: str, read: ImportFile) -> Iterator[tuple[int, dict[str, Any]]]:
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=_delimiter(text), strict=False)
    try:
        heading = next(reader)
    except (StopIteration, csv.Error) as error:
        raise ImportUnreadableError(problem="heading") from error
    columns = [_COLUMN_OF.get(_column_word(cell)) for cell in heading]
    if not {"number", "name"} & set(columns):
        raise ImportUnreadableError(problem="heading")
    read.ignored = [
        word
        for cell, column in zip(heading, columns, strict=True)
        if column is None and (word := shown("", cell))
    ][:50]
    while True:
        line = reader.line_num + 1
        try:
            cells = next(reader)
        except StopIteration:
            return
        except csv.Error:
            read.problems.append(Problem(line, "", "cameras.row_unreadable"))
            continue
        if not any(cell.strip() for cell in cells):
            continue
        if len(cells) > len(columns) and any(cell.strip() for cell in cells[len(columns) :]):
            read.problems.append(Problem(line, "", "cameras.too_many_cells"))
            continue
        yield line, {c: v for c, v in zip(columns, cells, strict=False) if c is not None}


def _delimiter(text: str) -> str:
    """The sign that cuts the first line into the most columns we know."""
    heading = text.lstrip("\r\n").partition("\n")[0][:MAX_CELL]

    def known(sign: str) -> tuple[int, int]:
        cells = heading.split(sign)
        return sum(_column_word(cell) in _COLUMN_OF for cell in cells), len(cells)

    return max((",", ";", "\t", "|"), key=known)


def _column_word(cell: str) -> str:
    return re.sub(r"[^a-z0-9]+", "_", cell.casefold()).strip("_")


def _features(text: str, read: ImportFile) -> Iterator[tuple[int, dict[str, Any]]]:
    try:
        collection = msgspec.json.decode(text)
    except (msgspec.DecodeError, RecursionError) as error:
        raise ImportUnreadableError(problem="json") from error
    features = collection.get("features") if isinstance(collection, dict) else None
    if not isinstance(features, list):
        raise ImportUnreadableError(problem="geojson")
    for row, feature in enumerate(features, 1):
        properties = feature.get("properties") if isinstance(feature, dict) else None
        if not isinstance(properties, dict):
            read.problems.append(Problem(row, "", "cameras.row_unreadable"))
            continue
        cells = {
            column: value
            for word, value in properties.items()
            if (column := _COLUMN_OF.get(_column_word(word))) and not isinstance(value, dict)
        }
        geometry = feature.get("geometry")
        if isinstance(geometry, dict) and geometry.get("type") == "Point":
            position = geometry.get("coordinates")
            if isinstance(position, list) and len(position) >= 2:
                cells["lon"], cells["lat"] = position[0], position[1]
        elif geometry is not None:
            read.problems.append(Problem(row, "geometry", "cameras.not_a_point"))
            continue
        yield row, cells


def _take(read: ImportFile, row: int, cells: dict[str, Any]) -> None:
    values: dict[str, Any] = {}
    problems: list[Problem] = []
    for column, cell in cells.items():
        if cell is None or (isinstance(cell, str) and not cell.strip()):
            continue
        value = _value(column, cell)
        if value is None:
            code = "cameras.field_invalid"
            problems.append(Problem(row, column, code, shown(column, cell)))
        else:
            values[column] = value
    if problems:
        read.problems.extend(problems)
    else:
        read.rows.append(ImportRow(row, values))


def _value(column: str, cell: Any) -> Any:
    """The cell as this column's kind of value; None if it is not one."""
    if isinstance(cell, str) and len(cell) > MAX_CELL:
        return None
    if column == "number":
        return _whole(cell)
    if column in _NUMBERS:
        return _decimal(cell)
    if column in _FLAGS:
        return _flag(cell)
    if column == "tags":
        words = cell if isinstance(cell, list) else re.split(r"[;,|]", str(cell))
        return tuple(str(word) for word in words if not isinstance(word, dict | list))
    if isinstance(cell, list | dict | bool):
        return None
    return str(cell).strip()


def _whole(cell: Any) -> int | None:
    if isinstance(cell, bool):
        return None
    if isinstance(cell, int):
        return cell if abs(cell) < 10**9 else None
    if isinstance(cell, float):
        return int(cell) if cell.is_integer() and abs(cell) < 10**9 else None
    text = str(cell).strip()
    return int(text.partition(".")[0]) if text.isascii() and _WHOLE.match(text) else None


def _decimal(cell: Any) -> float | None:
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


def _flag(cell: Any) -> bool | None:
    if isinstance(cell, bool):
        return cell
    word = str(cell).strip().casefold()
    return True if word in _YES else False if word in _NO else None
