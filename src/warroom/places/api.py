"""What other domains ask about places."""

from warroom.kernel.settings import NodeSettings
from warroom.places.atlas import Atlas
from warroom.places.contracts import Area, AreaName, CityFacts, Place, Ward


def open_atlas(node: NodeSettings) -> Atlas:
    """The atlas of the city pack this node is set to; reads nothing yet."""
    return Atlas(node.city)


__all__ = ["Area", "AreaName", "Atlas", "CityFacts", "Place", "Ward", "open_atlas"]
