"""Takes away one guard after the other, and asks the tests whether they notice.

    .venv/bin/python -m tools.mutation [--json] [--only TEXT] [paths of tests]

A *guard* is a place that lets somebody through or not: a call of `Scope.narrow`, `allows`, `may` or
`require`; an `if` that only raises an error of the kinds not_found, forbidden or unauthenticated;
the action word of a route; a policy of row-level security. The modules are rewritten in memory
when they are imported, so that one guard at a time can be taken away in a running process; the
database's policies are opened one at a time. Nothing on the disk is touched.

First every test runs once and it is noted which guards it passes. Then, for each guard, the tests
that pass it run without it, the quick ones first, until one fails: the guard is *killed*. One that
no test misses has *survived*, and is a hole in the proof.
"""
