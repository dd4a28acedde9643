"""`warroom bench live`: what a viewer costs, beside bare sends of the same bytes.

The whole product runs: simulated cameras, `media`, `serve`, `webrtc`, PostgreSQL. Viewers are
sockets that read and drop. The *floor* takes the same frames from the recorder and writes them to
as many bare TCP sockets, in the same run; no server can do with less.
"""

from warroom.live.bench.live import bench_live
from warroom.live.bench.sockets import CountingViewer, handshake
from warroom.live.bench.stack import HOST, LOGIN, PASSWORD, Stack, running_stack

__all__ = [
    "HOST",
    "LOGIN",
    "PASSWORD",
    "CountingViewer",
    "Stack",
    "bench_live",
    "handshake",
    "running_stack",
]
