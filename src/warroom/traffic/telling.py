"""The state of the roads as the interface tells it."""

import math
from datetime import datetime
from typing import Any

import numpy as np

from warroom.roads.api import CLASSES
from warroom.traffic.contracts import HOW_LETTERS, Bytes, Colour, How
from warroom.traffic.errors import NoEdgeError
from warroom.traffic.estimate import colour_of, jam_factor
from warroom.traffic.estimator import Estimator, told_edges
from warroom.traffic.history import Past
from warroom.traffic.levels import capacity_of, level_of, saturation_of, tables_of
from warroom.traffic.settings import TrafficSettings


def tell_state(estimator: Estimator, settings: TrafficSettings) -> dict[str, Any]:
    """The whole state: one sign an edge for its colour, and one for how it is known."""
    state = estimator.state
    assert state is not None  # noqa: S101 - `Traffic.estimator` gives none without
    told = told_edges(state, np.arange(len(state.how)))
    return {
        "pack": state.version,
        "at": told["at"],
        "cycle_s": settings.cycle_s,
        "edges": len(state.how),
        "colour": told["colour"],
        "how": told["how"],
        "counted": state.counted(),
        "refused": dict(estimator.window.refused),
    }


def tell_typical(estimator: Estimator) -> dict[str, Any]:
    """How the roads are drawn at the speeds that are typical of this slot of the week.

    What was not learnt is unknown: nothing is filled in.
    """
    kmh = estimator.typical.kmh
    ratio = kmh / estimator.graph.free_kmh
    how = np.where(kmh > 0, How.TYPICAL, How.FREE_FLOW).astype(np.uint8)
    told = _drawn(colour_of(ratio.astype(np.float64), how), how)
    return {"pack": estimator.ground.version, "learnt": int((kmh > 0).sum())} | told


def tell_past(estimator: Estimator, at: datetime, past: Past) -> dict[str, Any]:
    """How the roads were drawn at an instant; `past` is of the edges of now."""
    return {"pack": estimator.ground.version, "at": at.timestamp()} | _drawn(past.colour, past.how)


def _drawn(colour: Bytes, how: Bytes) -> dict[str, str]:
    letters = np.frombuffer(HOW_LETTERS.encode(), np.uint8)
    return {
        "colour": (colour + ord("0")).astype(np.uint8).tobytes().decode(),
        "how": letters[how].tobytes().decode(),
    }


def tell_edge(estimator: Estimator, edge: int, settings: TrafficSettings) -> dict[str, Any]:
    """All that is known of one edge; null where it is not.

    Raises:
        NoEdgeError: There is no such edge.
    """
    graph, state = estimator.graph, estimator.state
    assert state is not None  # noqa: S101 - as above
    if not 0 <= edge < graph.edges:
        raise NoEdgeError(edges=graph.edges)
    tables = tables_of(settings)
    capacity = capacity_of(graph, settings.population_million, tables)
    saturation = saturation_of(state, capacity)
    level = int(level_of(state, saturation, tables)[edge])
    typical = float(estimator.typical.kmh[edge])
    jam = next((one.id for one in estimator.alarm.jams.values() if edge in one.edges), None)
    is_known = state.how[edge] != How.FREE_FLOW
    return {
        "edge": edge,
        "key": graph.key_of(edge),
        "pack": state.version,
        "road": graph.name_of(edge),
        "class": CLASSES[int(graph.road_class[edge])].name,
        "area": graph.areas[int(graph.area[edge])],
        "length_m": round(float(graph.length_m[edge]), 1),
        "lanes": int(graph.lanes[edge]),
        "free_kmh": round(float(graph.free_kmh[edge]), 1),
        "typical_kmh": round(typical, 1) or None,
        "kmh": round(float(state.kmh[edge]), 1) if is_known else None,
        "ratio": round(float(state.ratio[edge]), 3) if is_known else None,
        "jam_factor": (
            round(float(jam_factor(state.ratio, state.how)[edge]), 1) if is_known else None
        ),
        "colour": Colour(int(state.colour[edge])).name.lower(),
        "how": How(int(state.how[edge])).name.lower(),
        "confidence": round(float(state.confidence[edge]), 2),
        "observed": round(float(state.observed[edge]), 1),
        "flow_smp_h": _known(float(state.flow[edge])),
        "density_smp_km": _known(float(state.density[edge])),
        "capacity_smp_h": round(float(capacity[edge])),
        "saturation": _known(float(saturation[edge]), 2),
        "level": chr(level) if level else None,
        "jam": jam,
        "since": float(state.since[edge]),
        "updated_at": _known(float(state.updated_at[edge]), 3),
    }


def _known(value: float, digits: int = 1) -> float | None:
    return None if math.isnan(value) else round(value, digits)
