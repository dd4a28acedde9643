"""Who did what, to whose thing, why and from where: written once, never changed, checked by anyone.

Purpose: every read of video, every decision and every change of rights writes one *entry* in the
transaction that does it. Entries hang in *chains*: each holds the hash of the one before it, so
that a changed, removed, added or moved entry breaks a link that `warroom audit verify` names.
There are several chains, so that writers do not queue behind one another; the newest hashes of
all of them (*heads*) are copied each minute to a file outside the database (*anchor*), so that a
cut tail, or a whole chain written anew, is found as well.

Terms: *owner agency* is the agency of the thing; *agency* that of the person who asked; *door* the
way they came in (web, api, cli, system).

Begin with `api.record` (what every domain calls), then `rules.py` (the form that is hashed).
Described in docs/audit.md.
"""
