"""The common case of 112: what is told, where it is, who works on it, and what it came to.

Purpose: one incident is one case, however many call about it and however many agencies work on it.
It begins as a draft with the first letter that is typed, is shared while it is typed, and is handed
on with a place and an event. Calls (`calls`) are joined to it by id; each agency that works on it
sends its own units (`dispatch`), from whose states its own follows.

Terms (NENA EIDO): *incident*; *draft*: not yet handed on; *lead*: the agency that is answerable;
*card*: the questions of one type of event, in versions; *merge*: REPLACING, REPLACED, undone by
SPLIT; *link*: PARENT, CHILD, RELATED; *location*: where somebody or something says it is, one of
which a person chose as the place.

Begin with `contracts.py`, then `rules.py` (the states), `draft_rules.py` (who typed what), then
`service.py`.
"""
