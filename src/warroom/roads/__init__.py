"""The road graph of the city: which roads there are, how they join, and what may drive on them.

Purpose: reads an OpenStreetMap extract (`.osm.pbf`) or the schematic city's `network.json` into
one directed graph in arrays, keeps it in the city pack, and finds the road at a position. How
fast the roads are now is `traffic`; the way over them is `routing`. Without a graph everything
else works.

Terms (OpenStreetMap): an *edge* is one direction of a road between two junctions; a *turn* leads
from an edge to one that begins where it ends; a *contraflow* edge leads against a one-way road
and is there for those who may do so in an emergency (UU 22/2009 art. 134-135); a *lorong* is an
alley of 1.8 to 3 m, too narrow for an engine. An edge's *key* (way, from node, to node) stays the
same when the city takes a newer extract, as long as the road itself does.

Begin with `contracts.py`, then `graph.py`.
"""
