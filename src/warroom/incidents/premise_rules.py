"""What a premise is, how callers name one, and how a list of them is read from a file. Pure."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal, get_args

from warroom.incidents.contracts import Place
from warroom.kernel import rowfile

type PremiseKind = Literal[
    "building", "school", "worship", "market", "hotel", "clinic", "industry", "hydrant", "gate"
]
KINDS: tuple[PremiseKind, ...] = get_args(PremiseKind.__value__)

type Danger = Literal["gas", "fuel", "chemical", "electric", "crowd", "helpless"]
"""`crowd`: many people sleep or meet there; `helpless`: people who cannot leave by themselves."""
DANGERS: tuple[Danger, ...] = get_args(Danger.__value__)

MAX_LENGTH = {
    "name": 200,
    "aliases": 300,
    "hazards": 1_000,
    "access": 1_000,
    "key_holder": 300,
    "hydrant": 300,
    "plan": 300,
    "contacts": 500,
}
PERSONAL = frozenset(("key_holder", "contacts"))
MAX_ROWS, MAX_BYTES = 5_000, 4 << 20

_COLUMNS = {
    "kind": "kind jenis tipe type",
    "name": "name nama nama_tempat",
    "aliases": "aliases alias nama_lain disebut also_called",
    "lat": "lat latitude lintang y",
    "lon": "lon lng long longitude bujur x",
    "dangers": "dangers bahaya danger",
    "hazards": "hazards keterangan_bahaya hazard awas",
    "access": "access akses jalan_masuk",
    "key_holder": "key_holder pemegang_kunci kunci keys",
    "hydrant": "hydrant hidran",
    "plan": "plan denah site_plan",
    "contacts": "contacts contact kontak narahubung",
}
_COLUMN_OF = rowfile.columns_of(_COLUMNS)

_SAID_KINDS = {
    "building": "building bangunan gedung",
    "school": "school sekolah sd smp sma smk kampus universitas",
    "worship": "worship masjid mesjid gereja pura vihara kelenteng mosque church temple",
    "market": "market pasar mal mall",
    "hotel": "hotel penginapan wisma",
    "clinic": "clinic puskesmas klinik rumah_sakit rs hospital",
    "industry": "industry pabrik gudang industri factory warehouse",
    "hydrant": "hydrant hidran",
    "gate": "gate gerbang portal pintu",
}
_KIND_OF = rowfile.columns_of(_SAID_KINDS)

_SAID_DANGERS = {
    "gas": "gas lpg elpiji",
    "fuel": "fuel bbm bahan_bakar bensin solar",
    "chemical": "chemical kimia bahan_kimia",
    "electric": "electric listrik gardu electricity",
    "crowd": "crowd ramai orang_banyak",
    "helpless": "helpless tak_berdaya pasien lansia bayi",
}
_DANGER_OF = rowfile.columns_of(_SAID_DANGERS)

# What callers put before a name; the longest first, so that "di depan" is not taken for "di".
_RELATIONS = sorted(
    (
        *("depan", "di depan", "samping", "di samping", "sebelah", "di sebelah", "belakang"),
        *("di belakang", "seberang", "di seberang", "dekat", "di dekat", "sekitar", "di sekitar"),
        *("dalam", "di dalam", "pas di depan", "persis depan", "persis di depan", "pas depan"),
        *("di", "in front of", "next to", "behind", "opposite", "near", "inside"),
    ),
    key=len,
    reverse=True,
)


@dataclass(frozen=True, slots=True)
class PremiseDraft:
    """What is known of a place that people name; `key_holder` and `contacts` are personal.

    Attributes:
        aliases: Other names that people say, with commas between.
        hazards: In words, beside the `dangers` that have a sign.
        access: How one gets in with a vehicle.
        hydrant: Where the nearest water is.
        plan: Where the plan of the building lies.
    """

    kind: PremiseKind
    name: str
    place: Place
    hazards: str = ""
    access: str = ""
    contacts: str = ""
    aliases: str = ""
    dangers: tuple[Danger, ...] = ()
    key_holder: str = ""
    hydrant: str = ""
    plan: str = ""


@dataclass(frozen=True, slots=True)
class Heard:
    """A place as a caller names it: where to it, and its name."""

    relation: str
    name: str


def heard(text: str) -> Heard:
    """What stands before a name, and the name; the whole text is the name where nothing does."""
    words = " ".join(text.split())
    small = words.casefold()
    for relation in _RELATIONS:
        if small.startswith(f"{relation} ") and len(words) > len(relation) + 1:
            return Heard(words[: len(relation)], words[len(relation) + 1 :])
    return Heard("", words)


def names_of(name: str, aliases: str) -> list[str]:
    """Each name that people say."""
    return [name, *(one.strip() for one in aliases.split(",") if one.strip())]


def key_of(kind: str, name: str, area_code: str) -> tuple[str, str, str]:
    """By what a row of a file is known to be a premise that is kept already.

    Twins are told apart by their kelurahan; the same name twice in one of them is the same place.
    """
    return kind, " ".join(name.casefold().split()), area_code


@dataclass(frozen=True, slots=True)
class Rejected:
    """What is wrong with one field of one row; `value` is never that of a personal cell."""

    row: int
    field: str
    code: str
    value: str | None = None


@dataclass(slots=True)
class PremiseFile:
    """A file, read: rows with values that fit their fields, and what is wrong with the others."""

    encoding: str
    rows: list[tuple[int, dict[str, Any]]] = field(default_factory=list)
    rejected: list[Rejected] = field(default_factory=list)
    ignored: list[str] = field(default_factory=list)


def read_file(content: bytes) -> PremiseFile:
    """The premises of a CSV or GeoJSON file; what a row does not say is not in its values.

    Raises:
        rowfile.UnreadableFileError: It is neither, or lacks a column of names.
        rowfile.TooManyRowsError: It has more than `MAX_ROWS` rows.
    """
    found = rowfile.read_rows(content, _COLUMN_OF, frozenset(("name",)), max_rows=MAX_ROWS)
    read = PremiseFile(found.encoding, ignored=found.ignored)
    read.rejected = [
        Rejected(row, name, f"incidents.premise_{fault}") for row, name, fault in found.faults
    ]
    for row, cells in found.rows:
        values, problems = _values(row, cells)
        if problems:
            read.rejected.extend(problems)
        else:
            read.rows.append((row, values))
    return read


def _values(row: int, cells: Mapping[str, Any]) -> tuple[dict[str, Any], list[Rejected]]:
    values: dict[str, Any] = {}
    problems: list[Rejected] = []
    for column, cell in cells.items():
        if cell is None or (isinstance(cell, str) and not cell.strip()):
            continue
        value = _value(column, cell)
        if value is None:
            value_shown = None if column in PERSONAL else rowfile.shown(cell)
            problems.append(Rejected(row, column, "incidents.premise_bad_cell", value_shown))
        else:
            values[column] = value
    problems += [
        Rejected(row, column, "incidents.premise_missing_cell")
        for column in ("kind", "name", "lat", "lon")
        if column not in values and all(one.field != column for one in problems)
    ]
    return values, problems


def _value(column: str, cell: Any) -> Any:
    """The cell as this column's kind of value; None if it is not one."""
    if column in ("lat", "lon"):
        number = rowfile.decimal(cell)
        most = 90 if column == "lat" else 180
        return None if number is None or abs(number) > most else number
    if column == "dangers":
        words = cell if isinstance(cell, list) else re.split(r"[;,|]", str(cell))
        found = [_DANGER_OF.get(_word(str(word))) for word in words if str(word).strip()]
        return None if None in found else tuple(dict.fromkeys(found))
    if isinstance(cell, list | dict | bool):
        return None
    if column == "kind":
        return _KIND_OF.get(_word(str(cell)))
    text = " ".join(str(cell).split())
    return text if text and len(text) <= MAX_LENGTH[column] else None


def _word(text: str) -> str:
    return re.sub(r"[^a-z0-9]+", "_", text.casefold()).strip("_")
