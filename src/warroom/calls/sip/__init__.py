"""SIP (RFC 3261) by the standard library: messages, transports, transactions, dialogs, sessions.

Nothing here knows of calls, agents or sound. `message` reads and writes, `transport` carries,
`transaction` repeats what was lost, `stack` joins the three, `agent` keeps dialogs and sessions and
is what `edge` uses. `sdp`, `location` and `digest` read what messages carry.

Whatever comes from the network is refused with a status, dropped or answered, and counted; it never
raises past `stack`.
"""
