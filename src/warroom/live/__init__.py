"""Pictures that are happening now: MSE over a WebSocket, WebRTC, and snapshots.

`live` never speaks to a camera. The `media` process takes each camera in once and hands its frames
out on a local socket; the hub here asks for a camera when the first person looks and lets go after
the last one left. Each frame becomes one fMP4 fragment, built once and sent to everybody as the
same bytes.

Terms: *viewer* - one tile in one window; *channel* - one stream of one camera as the hub holds it;
*GOP* (ITU-T H.264, coded video sequence) - a key frame and all that leans on it; *fragment* -
moof + mdat (ISO/IEC 14496-12); *MSE* - W3C Media Source Extensions; *WHEP* - WebRTC-HTTP egress
protocol (IETF draft); *jump* - a viewer that could not keep up is set to the next key frame.

Begin with `hub.py` (from the socket to the viewers), then `viewers.py` (what a slow viewer costs:
nothing), `service.py` (who may look, and the audit of it) and `routes.py`. WebRTC is a process of
its own in `webrtc/`, since its library can freeze a whole interpreter.
"""
