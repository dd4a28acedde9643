"""Warnings of others and of the city: taken in, shown where they hold, and told to the public.

Purpose: what BMKG and other services warn of reaches the room by itself, with where and until when;
what the city warns of is written by one person, signed off by another, and published as a feed.

Terms (OASIS Common Alerting Protocol 1.2): an *alert* is one message; its *info* blocks tell the
same in several languages, or of several areas; an *update* or *cancel* names by *references* what
it replaces. A *source* is a feed that is read here; a *refused* document is one that was no alert.

Begin with `cap.py` (the standard: reading, writing, its rules), then `service.py` (taking in).
Described in docs/alerts.md.
"""
