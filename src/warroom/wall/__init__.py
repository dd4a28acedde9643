"""Video walls: which camera is on which monitor, kept under a name.

Purpose: layouts that a person keeps for themselves or their agency shares, so that a shift finds
the wall as the one before left it. What is shown there is `live`'s business.

Terms: a *monitor* is one field of the wall, numbered from the upper left, 1 to 16, for good; a
*tile* is what a monitor shows: one camera, or several in turn; *dwell* is how long each of those
stays (at least five seconds); a *lock* says that nobody but its holder changes a layout.

A layout names cameras by id, and people see different cameras. Those that somebody may not see
vanish from what they are given, without a trace; when they save the layout, the vanished ones stay
where they were.

Begin with `rules.py`.
"""
