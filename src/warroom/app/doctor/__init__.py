"""`warroom doctor`: looks at everything a node needs and says what is wrong and what to do.

Each check is a function that yields `Found`; `runner` runs every one in a thread of its own with a
time limit, so that a check that hangs or breaks says so and hides no other. A check only looks: it
starts, repairs and writes nothing. `machine` looks at the node itself, `database` at PostgreSQL,
`service` at what runs: pages, proxy, cameras, trunks, backups.
"""
