"""Takes away one guard after the other, and asks the tests whether they notice.

    .venv/bin/python -m tools.mutation [--json] [--report FILE] [--only TEXT] [paths of tests]

A *guard* is a place that lets somebody through or not: a call of `Scope.narrow`, `allows`, `may` or
`require`; an `if` that only raises an error of the kinds not_found, forbidden or unauthenticated;
the action word of a route; a comparison with the asker (`== scope.person_id`); a predicate that
is written into a query by hand (`where person_id = %(own)s`); a policy of row-level security. The
modules are rewritten in memory when they are imported, so that one guard at a time can be taken
away in a running process; predicates are taken out of a query when it is sent, and the database's
policies are opened one at a time. Nothing on the disk is touched.

For each guard, the tests that pass it run without it until one fails, and passes again with it:
the guard is *killed*. First some tests of its own domain are asked, those of its module and the
quick ones before the others; then each of all tests once without all guards that are left, and
where it fails, with ever fewer of them away. One that no test misses has *survived*, and is a
hole in the proof.

`--report` writes the result after each guard. What killed a guard in a report that is there
already is asked first, so that the next run is a short one.
"""
