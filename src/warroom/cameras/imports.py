"""Reading a list of cameras out of a file that somebody made: CSV or GeoJSON. Pure.

Nothing here trusts the file. A row that cannot be read is a problem of that row; the others go on.
Columns may be called in Indonesian or English, cells may use a decimal comma, and a cell that
looks like a formula stays the text it is. A cell of a login or an address is never repeated in a
problem.
"""

import re
from dataclasses import dataclass, field
from typing import Any

from warroom.cameras.contracts import Problem
from warroom.cameras.errors import ImportTooLargeError, ImportUnreadableError
from warroom.kernel import rowfile

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
    "control_url": "control_url onvif onvif_url kendali alamat_kendali",
    "pan_span_deg": "pan_span_deg pan_span rentang_putar",
    "ceiling_kbit_s": "ceiling_kbit_s ceiling batas_laju batas_kbit_s",
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
_COLUMN_OF = rowfile.columns_of(_COLUMNS)
_NAMED_BY = frozenset(("number", "name"))
SECRET_COLUMNS = frozenset(("url", "sub_url", "control_url", "username", "password"))
_NUMBERS = frozenset(
    ("lat", "lon", "height_m", "bearing_deg", "fov_deg", "range_m", "pan_span_deg")
)
_FLAGS = frozenset(("is_ptz", "simulated", "enabled"))
_YES = frozenset(["1", "true", "t", "yes", "y", "ya", "benar", "on", "aktif", "x"])
_NO = frozenset(["0", "false", "f", "no", "n", "tidak", "tdk", "salah", "off", "nonaktif", "-"])
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
    try:
        found = rowfile.read_rows(content, _COLUMN_OF, _NAMED_BY, max_rows=max_rows)
    except rowfile.UnreadableFileError as error:
        raise ImportUnreadableError(problem=str(error)) from error
    except rowfile.TooManyRowsError as error:
        raise ImportTooLargeError(limit_rows=max_rows) from error
    read = ImportFile(found.encoding, ignored=found.ignored)
    read.problems = [Problem(row, name, f"cameras.{fault}") for row, name, fault in found.faults]
    for row, cells in found.rows:
        _take(read, row, cells)
    return read


def shown(column: str, value: Any) -> str | None:
    """A value as a report may repeat it; None where it might be a secret."""
    if column in SECRET_COLUMNS or value is None:
        return None
    return rowfile.shown(value)


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
    if isinstance(cell, str) and len(cell) > rowfile.MAX_CELL:
        return None
    if column == "number":
        return _whole(cell)
    if column in _NUMBERS:
        return rowfile.decimal(cell)
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


def _flag(cell: Any) -> bool | None:
    if isinstance(cell, bool):
        return cell
    word = str(cell).strip().casefold()
    return True if word in _YES else False if word in _NO else None
