"""Where things are: districts, wards, roads and landmarks of the city.

Purpose: answers "which kecamatan is this?" for whatever has a position, finds places by name for
people who type badly, and hands the map its layers. It reads one *city pack*, a folder of GeoJSON
files and a `city.json`, and writes nothing. Without a pack everything else works: layers are
absent, searches find nothing, and areas are unknown.

Terms: *kecamatan* is a district, *kelurahan* a ward of one (codes of the Ministry of Home Affairs,
Kepmendagri: `73.71.04`, `73.71.04.1006`); a *place* is anything with a name to go to; *schematic*
is a pack drawn by hand, which is said wherever it is shown. Positions are WGS 84 degrees.

A pack that knows wards by their centres only can say which ward is nearest, not which one it is:
`Area.how_known` tells the difference (`polygon`, `nearest_centre`).

Begin with `contracts.py`, then `atlas.py`.
"""
