"""Cameras that turn: an ONVIF service (device, media, PTZ) whose heads really move.

The heads are numbers that follow time: what is asked of one is seen in what it tells of itself, and
in `GET /heads` of its door. The pictures are clips that were drawn before, so they do not turn.

Begin with `head.py`, then `door.py`.
"""
