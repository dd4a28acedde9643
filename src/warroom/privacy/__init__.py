"""What is processed of whom and why, what was deleted, what people ask, and what leaked.

Purpose: the duties of a controller under UU 27/2022 (PDP): the record of processing (Pasal 31),
retention with its legal basis and proof of deletion, access of people to what is stored about them
(Pasal 5-8, 30, 32), failures of protection (Pasal 46), and the assessment of impact (Pasal 34).

It lies low, so that each domain that stores something about people tells it so: a `privacy.py` with
its purposes, retention classes and subject sources, which `app/wiring.py` collects.

Terms: a *purpose* is one reason for which data is processed (record of processing activities,
GDPR Art. 30); a *retention class* is how long data of one kind stays and by which law; a *case* is
what a person asks about themselves; a *subject source* looks for a person in one store; a *breach*
is a failure of protection, with three days to tell of it.

Begin with `rules.py` (clocks, states), then `service/`. Described in docs/privacy.md.
"""
