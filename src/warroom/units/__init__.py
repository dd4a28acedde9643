"""The vehicles that are sent out: what they are, whose, where they are now and where they were.

Purpose: the inventory of engines, ambulances, patrols, traffic cars, tankers and boats; positions
taken in from their devices; the road each is on; how fresh that is; where it was. Who is sent
where is `dispatch`, how fast roads are `traffic`; without a road graph everything but the road
works.

Terms: a *unit* is a vehicle with its crew; its *name* (callsign) is what people say over the
radio; its *kind* and *capabilities* are words of the city's own, nothing in the code depends on
them except that a kind may travel on water (`contracts.WATER`). A *device* sends its positions,
with a *key* that is stored as a hash. A *fix* is one position told by a device (GPS); *matched*
is the directed edge of `roads` it was on. Freshness: `fresh`, `stale`, `silent`, `never`, each
with since when.

Positions go `routes`, `mqtt` -> `ingest`, which judges (`rules`), matches (`matching`) and stores
a batch in one transaction, and only then tells the devices that they were taken.

Begin with `contracts.py`, then `ingest.py`.
"""
