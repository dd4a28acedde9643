"""The ground every domain stands on; it holds no word of a city.

Purpose: clock, identifiers, errors, settings, database, events, jobs, leases, blobs, secrets,
messages, logs, metrics and the HTTP frame. What a domain needs twice lives here once.

Terms: *scope* is what one request may see and do; *outbox* is the table of events written in the
transaction that caused them; *lease* is a right to work on a thing until a moment, with a
*fencing number* that grows at each change of hands; *blob* is a file named by its SHA-256.

Begin with `scope.py` (what narrows every query), then `db.py` and `http.py`.
"""
