"""`warroom bench media`: recording beside a bare socket-to-disk loop and beside ffmpeg.

All three take the same simulated cameras, one after the other, in the same minute and on the same
disk. The floor does what no recorder can do without: read each socket, write each file; its
figure moves with the machine's load, so only the ratio of one run means something.
"""

from warroom.recording.bench.media import bench_media, make_clip, start_simulator
from warroom.recording.bench.outage import bench_outage
from warroom.recording.playback_index import FootageIndex

__all__ = ["FootageIndex", "bench_media", "bench_outage", "make_clip", "start_simulator"]
