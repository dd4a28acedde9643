"""`warroom bench live`: what a viewer costs, beside bare sends of the same bytes.

The whole product runs: simulated cameras, `media`, `serve`, `webrtc`, PostgreSQL. Viewers are
sockets that read and drop. The *floor* takes the same frames from the recorder and writes them to
as many bare TCP sockets, in the same run; no server can do with less.
"""

from warroom.live.bench.live import bench_live

__all__ = ["bench_live"]
