"""`warroom bench calls`: what a call costs, beside bare sockets that carry the same packets.

The calls process runs as it does in production, in a process of its own; callers are sockets in
another, which speak SIP and RTP at the pace of real ones; agents answer by themselves with a leg in
memory, so that the figure is of the edge alone. The *floor* takes the same packets in and sends as
many out, and does nothing else.

With `--legs` a real Chromium has the agents' legs instead.
"""

from warroom.calls.bench.calls import bench_calls
from warroom.calls.bench.legs import bench_legs
from warroom.calls.bench.sip_flood import bench_sip_flood
from warroom.calls.bench.strangers import attacked

__all__ = ["attacked", "bench_calls", "bench_legs", "bench_sip_flood"]
