"""Who asks, for which agency, and what they may see and do.

Purpose: agencies, people, roles, grants, sessions and API tokens; and the `Scope` that every
`store` function takes first, which is built here and nowhere else. Default deny: a person without
an agency, or without roles and grants, sees nothing.

Terms: *action* is a word such as `recording:export`; a *role* is a named set of actions; its
*reach* is the person's own agency or, for people of the city's own agencies, the whole city; a
*grant* gives or takes away actions on agencies, places, things or tags, from a moment to a moment,
for a written reason. Deny beats allow. Nobody can give what they do not hold.

Begin with `rules.py` (from roles and grants to rules, and who may give what), then
`service/sessions.py` (from a cookie or token to a scope). Described in docs/identity.md.
"""
