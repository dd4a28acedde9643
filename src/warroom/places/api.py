"""What other domains ask about places."""

from warroom.kernel.settings import NodeSettings
from warroom.places import rules
from warroom.places.atlas import Atlas
from warroom.places.contracts import Area, AreaName, CityFacts, Place, Ward


def open_atlas(node: NodeSettings) -> Atlas:
    """The atlas of the city pack this node is set to; reads nothing yet."""
    return Atlas(node.city)


def fit(typed: str, name: str) -> float:
    """How well a name fits what was typed, as the search judges it: 1 is exact, 0 not at all."""
    return rules.score(rules.fold(typed), rules.fold(name))


__all__ = ["Area", "AreaName", "Atlas", "CityFacts", "Place", "Ward", "fit", "open_atlas"]
