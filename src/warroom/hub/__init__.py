"""Connectors: what other systems are told of, and how. Today: signed webhooks.

Purpose: an agency's endpoint hears the kinds of events it subscribed to, at least once, in order
for each thing, narrowed to what its service account may see at the moment of sending.

Terms: a *webhook* is an endpoint with its kinds and secret (Standard Webhooks 1.0); a *kind* is a
word such as `camera.state_changed`; a *delivery* is one event for one webhook; a delivery that
failed for a day is *parked*, one that may no longer be seen is *withheld*.

Begin with `rules.py` (signature, pauses), then `collect.py` (from the outbox to deliveries) and
`send.py` (from deliveries to endpoints). Described in docs/hub.md.
"""
