"""Evenings of SUMO as the truth in tests and benchmarks: what the city cannot know of itself.

Purpose: the roads of the city as a network of SUMO, an evening's demand on them, things that go
wrong, receivers and cameras that see a part of it with noise, and engines that may be sent through
it. Needs the extra `sim` (`eclipse-sumo`, `libsumo`); nothing else of the city does.

Terms: *meso* is SUMO's model of queues; the *truth* is its edge output, vehicle-seconds and metres
driven by edge and minute. Keys of edges are those of the city.

Begin with `world.py`; `serve.py` is the door for programs.
"""
