"""The calls to 112: taken from the trunks, queued, answered, recorded, written down.

Purpose: the telephony edge and the record of each call. What the call is about (incident, units)
is `dispatch`; a call without PostgreSQL, without the web application or without an agent is still
taken, still recorded and still written down.

Terms: a *trunk* is the line from an operator (SIP, RFC 3261); *offered* is the moment its INVITE
reaches us; a *leg* is one side of a call: the caller's on the trunk, the agent's in the browser;
*hold* is a re-INVITE that stops audio one way; *wrap-up* is what an agent still writes after the
call; *abandoned* ended before anybody answered; *PIDF-LO* (RFC 4119) is the place that comes
inside the INVITE; *journal* is the file in which every event of a call stands before anybody is
told; *early media* is sound before the answer (183).

Packages: `sip` (messages, transactions, dialogs; knows nothing of calls), `audio` (RTP, recording,
mixing), `legs` (the browser), `edge` (call control: the process `warroom calls`). The rest runs in
`serve`: it reads the journal's events into PostgreSQL and commands the edge by a local socket.

Begin with `contracts.py`, then `edge/`.
"""
