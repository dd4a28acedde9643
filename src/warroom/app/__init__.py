"""The composition root: the only package that knows all the others.

Purpose: builds the web application, the command line and the processes out of the domains, maps
their errors to numbers, subscribes one domain to another's events, and supervises what runs.

Terms: *process* is one of `serve`, `media`, `webrtc`; *wiring* is the list of who is told what.

Begin with `wiring.py` (which domains there are), then `asgi.py`, `cli.py` and `supervisor.py`.
"""
