"""The city's cameras: what they are, where they stand, whose they are, and how they are doing.

Purpose: the one inventory that recording, live video, the map, the wall and evidence refer to. It
says how to reach a camera (its streams, with logins sealed), what it looks at (bearing, field of
view, range), and in which state it is, since when and why. It holds no video.

Terms (ONVIF Media, PTZ): a *camera* is one video source at one site; a *stream* (ONVIF: media
profile) is one way to take its picture: `main`, which is recorded, and `sub`, a smaller one for
walls; *PTZ* is a camera that turns and zooms; *bearing* is degrees clockwise from north; *field of
view* is the horizontal opening angle in degrees; *range* is how far the picture is of use. A
camera's *number* is what people say to each other, unique in the city; its *id* never changes.
State: `live` (frames come), `late` (none for a moment), `offline` (none, with a reason), `unknown`
(nobody has told us for a while: neither good nor bad).

A write goes `routes` -> `api` -> `service`, which authorises, loads, asks `rules`, saves through
`store`, writes the audit and publishes an event, all in one transaction. A login goes in and never
comes out again, except through `list_streams` to the recorder, and to the camera itself when it is
turned (`turning.py`, `vendors/`).

Begin with `contracts.py`, then `service.py`. Other domains copy this one.
"""
