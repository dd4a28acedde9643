"""WebRTC for those who need the last 100 ms: a process of its own, asked over a local socket.

libdatachannel's Python binding can freeze the whole interpreter when a Python callback runs in one
of its threads. So here no callback is registered at all: states are polled. And a freeze would
stop this process alone; a watchdog in C (faulthandler) ends it, and the supervisor starts it anew.

`serve` judges who may look and writes the audit; this process only sends.
"""
