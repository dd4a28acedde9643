"""The way over the roads: quickest for this vehicle, by what is known of each road now.

Purpose: answers routes, matrices of travel times and areas within reach for a car, a fire engine,
an ambulance and a police car, each with weights of its own over one road graph, and says why a
way was taken. Speeds and closures are told to it (by `traffic`); it keeps none.

Terms: a *profile* is a kind of vehicle; an *arc* is a step of the search: an edge entered by a
turn; *to customize* is to give every arc its weight anew (Dibbelt, Strasser, Wagner: Customizable
Contraction Hierarchies, ACM JEA 2016). Weights are whole milliseconds.

Begin with `contracts.py`, then `topology.py`.
"""
