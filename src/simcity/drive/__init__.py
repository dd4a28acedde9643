"""The traffic of the simulated city: queues on every road, vehicles that drive in them.

Purpose: a light day of traffic for demonstrations and tests. Two layers share one road network:
*streams* (`stream`) are how many passenger cars each edge holds, moved every second by sending and
receiving flows with signals and spill-back; *vehicles* (`vehicles`) are the few hundred to two
thousand that are followed one by one at the speed of their edge. Those with a receiver tell the
product where they are, through its real door.

Terms: an *edge* is a road in one direction; *smp* (satuan mobil penumpang) is a passenger car as
PKJI counts; a *happening* is a breakdown, a flood or a closure. The *truth* is the mean speed on
each edge over two minutes.

Begin with `city.py`.
"""
