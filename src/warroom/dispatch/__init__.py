"""Who is sent to what happens, what they do there, and what it came to.

Purpose: a task is work at a place; the first kind is a jam, to which traffic officers are sent. A
unit is proposed by the travel time of now, a person sends it, its crew tells from a phone how far
they are, and afterwards it is measured what became of the jam. Incidents of 112 will be another
kind of task over the same assignments, crews and stamps.

Terms (NENA EIDO, calls-dispatch): *task*; *assignment*: a unit sent to a task; *stamp*: one press
of "accepted", "en route", "on scene", with the phone's time and ours; *crew*: who serves on a unit
now; *unit status*: available, dispatched, accepted, en route, on scene, or unknown without a crew.

Begin with `contracts.py`, then `rules.py` (the states), then `service.py`.
"""
