"""A hand-made, schematic Makassar: coast, kecamatan, roads, a routable network, camera sites.

It is not survey data and not a map to navigate by; whoever shows it says "skematik". The tables in
`tables` were written by hand from general knowledge of the city; everything else is computed from
them, and the same tables always give the same bytes.

Terms:
    kecamatan, kelurahan: district and ward, with the codes of the Ministry of Home Affairs (73.71).
    lorong: an alley of 1.8 to 3 m.
    flat point: metres east and north on a flat grid, good to a few metres over the city.

Begin with `write.write_city`.
"""
