"""Access lent across agencies, taken in an emergency, and reviewed each quarter.

Purpose: somebody of one agency asks in writing for things of another; two people of different
roles, the owner's among them, decide; what is lent ends by itself, everything seen under it is
written down with its purpose, and the owner reads who looked. An emergency takes access at once,
loudly, and is answered for within a day. Each quarter every agency confirms or drops the rights of
its people.

Terms: a *request* has one *part* for each owner it is addressed to; an *approval* states terms,
and what is lent is what all approvals of a part have in common. *Validity* is when the right
holds; the *footage window* is which recorded pictures it reaches. *Break glass* is access taken in
an emergency (HL7 and NIST call it so). A *review* is a campaign of one agency over its *items*:
roles, grants and tokens.

Begin with `rules.py` (who may approve, what is left of the terms, what time does), then
`service/requests.py`. Described in docs/access.md.
"""
