"""Degree of saturation and level of service, after the tables of `tables.json`."""

from functools import cache
from pathlib import Path
from typing import Literal

import msgspec
import numpy as np

from warroom.roads.contracts import RoadGraph
from warroom.traffic.contracts import Bytes, How, Singles, State
from warroom.traffic.errors import BadTablesError
from warroom.traffic.settings import TrafficSettings

FILE = Path(__file__).with_name("tables.json")

type Basis = Literal[
    "pkji_2023", "mkji_1997", "pm_96_2015", "km_14_2006", "hcm_2000", "survey", "assumption"
]
"""Of what a figure is: a manual, a regulation, a city's own survey, or nothing but a guess."""


class CapacityRow(msgspec.Struct, frozen=True):
    """Capacity of one lane."""

    of: str
    smp_per_h: float
    basis: Basis
    source: str


class SizeRow(msgspec.Struct, frozen=True):
    """Factor of the capacity in a city of less than so many million people."""

    below_million: float
    factor: float
    basis: Basis
    source: str


class EquivalentRow(msgspec.Struct, frozen=True):
    """Passenger cars that a vehicle of a kind stands for (emp)."""

    of: str
    smp: float
    basis: Basis
    source: str


class LevelRow(msgspec.Struct, frozen=True):
    """A level of service, by its bound."""

    level: str
    basis: Basis
    source: str
    most: float = 0.0
    least: float = 0.0


class Tables(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The whole file; every row says where it comes from."""

    note: str
    capacity_per_lane: list[CapacityRow]
    city_size: list[SizeRow]
    equivalents: list[EquivalentRow]
    level_by_saturation: list[LevelRow]
    level_by_ratio: list[LevelRow]

    def equivalent(self, of: str) -> float:
        """Passenger cars of a kind of vehicle."""
        return next(row.smp for row in self.equivalents if row.of == of)


@cache
def read_tables(path: Path = FILE) -> Tables:
    """The tables, read once.

    Raises:
        BadTablesError: The file is absent or not what it should be.
    """
    try:
        return msgspec.json.decode(path.read_bytes(), type=Tables)
    except OSError as error:
        raise BadTablesError(file=path.name, problem="cannot be read") from error
    except msgspec.DecodeError as error:
        raise BadTablesError(file=path.name, problem=str(error)[:200]) from error


def tables_of(settings: TrafficSettings) -> Tables:
    """The tables of this city.

    Raises:
        BadTablesError: The city's own file is absent or not what it should be.
    """
    return read_tables(Path(settings.tables_file) if settings.tables_file else FILE)


def capacity_of(graph: RoadGraph, population_million: float, tables: Tables) -> Singles:
    """(E) capacity C in passenger cars an hour, of each edge in its direction.

    C0 times the factor of the city's size; factors of lane width, side friction and split need
    surveys that no map holds, and count as 1.
    """
    per_lane = {row.of: row.smp_per_h for row in tables.capacity_per_lane}
    two_way = ~graph.contraflow & ~graph.contraflow[graph.twin]
    kind = np.where(
        ~two_way,
        per_lane["one_way_or_divided"],
        np.where(graph.lanes > 1, per_lane["undivided_multilane"], per_lane["two_lane_undivided"]),
    )
    factor = next(r.factor for r in tables.city_size if population_million < r.below_million)
    return (kind * graph.lanes * factor).astype(np.float32)


def saturation_of(state: State, capacity: Singles) -> Singles:
    """(E) degree of saturation DJ = q/C; NaN where nobody counted."""
    return (state.flow / capacity).astype(np.float32)


def level_of(state: State, saturation: Singles, tables: Tables) -> Bytes:
    """(E) level of service as a letter's code, "A" to "F"; 0 where nothing is known.

    By saturation where vehicles are counted and the road is not slower than its level by speed
    says: a queue lets few vehicles pass, and is no level A for it.
    """
    bounds = np.array([row.most for row in tables.level_by_saturation])
    by_flow = np.searchsorted(bounds, np.nan_to_num(saturation), side="left")
    falling = np.array([-row.least for row in tables.level_by_ratio])
    by_speed = np.searchsorted(falling, -state.ratio, side="left")
    step = np.where(np.isnan(saturation), by_speed, np.maximum(by_flow, by_speed))
    level = (ord("A") + np.minimum(step, 5)).astype(np.uint8)
    level[state.how == How.CLOSED] = ord("F")
    level[state.how == How.FREE_FLOW] = 0
    return level
