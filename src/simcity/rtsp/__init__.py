"""Hundreds of RTSP cameras served by one process, which can be told to fail.

Terms (RFC 2326 RTSP 1.0, RFC 3550 RTP, RFC 6184 H.264, RFC 7798 H.265, RFC 3640 AAC):
    clip: encoded pictures that repeat without end; parsed and packetised once.
    stream: one camera's `main` or `sub`; a clip with its own phase, offset and sequence numbers.
    beat: all streams whose next picture is due at the same instant.
    fault: what a camera was told to do wrong (`faults.KINDS`).

Begin with `server.RtspServer`; for a clip without a renderer take `testclip.make_clip`.
"""
