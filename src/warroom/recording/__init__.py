"""Stored video: cameras taken in once over RTSP, recorded 24 hours, and handed on live.

Terms (ONVIF Recording, Replay; Moonfire NVR): a *segment* is one file of about a minute, fragmented
MP4 (ISO/IEC 14496-12) with one *fragment* (`moof` + `mdat`) per GOP; a *run* is the footage of one
RTSP session (RFC 2326) without a break in its time stamps; a *gap* is a stretch without footage,
with its cause; a *hold* keeps segments from retention; *garbage* is a file that is to be removed.
Wall time is UTC of this node; media time counts the camera's own 90 kHz ticks.

The path of a packet: `engine` (one epoll loop) -> `session` (RTSP, sockets) -> `depacketize` (RTP,
RFC 6184 and 7798) -> `assembler` (GOPs, times, segments) -> `disk` (a writer thread per disk) and
`fanout` (a Unix socket for whoever watches). `control` brings the assignments from PostgreSQL and
takes states back; recording itself needs neither. `index` is the SQLite file of a disk.

Begin with `contracts.py`, then `assembler.py`.
"""
