"""The agent's side of a call, in the browser: opened at sign-in, kept, and silent between calls.

`browser` is a leg by libdatachannel with G.711 passed through untouched: nothing is decoded, so
thirty calls cost a tenth of a core. `polling` is the one loop that reads all legs; the library's
callbacks into Python can freeze the process, so none is registered. `sdp` reads offers.

A process that has legs closes them before it ends: the library aborts otherwise.
"""
