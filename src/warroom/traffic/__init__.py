"""The state of every road: how fast it is, how that is known, where it is jammed, what is closed.

Purpose: takes what cameras, vehicles and people tell of roads, and makes one state of all edges
of the road graph from it, every ten seconds. What nobody tells is filled in from the typical speed
of the hour, then from neighbouring roads, then by the speed of a free road; each edge says which
of these it is. Jams are raised and cleared from it. The way round them is `routing`, which is
told; this domain does not know it.

Terms: *ratio* is speed now over free-flow speed; *flow rate* in passenger cars (smp) an hour and
*density* as in HCM; *degree of saturation* DJ = q/C, *level of service* A to F (PKJI 2023, MKJI
1997, KM 14/2006: `tables.json`); *slot* is one of the 2,016 five-minute pieces of a week; *how*
an edge is known: measured, reported, typical, neighbours, free_flow (that is: unknown), closed.

Begin with `contracts.py`, then `estimate.py`, then `runner.py`.
"""
