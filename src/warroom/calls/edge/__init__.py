"""The process `warroom calls`: takes calls from trunks to agents, records them, writes them down.

It needs neither PostgreSQL nor `serve` to take a call. `process` puts it together; `switchboard`
is the room (trunks, queue, agents); `call` one call; `media` who hears whom; `journal` the events;
`resuming` what a new process needs to go on with the calls of one that died; `control` the socket
at which `serve` commands it; `client` the other end of that.
"""
