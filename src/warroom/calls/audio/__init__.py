"""Sound of a call: G.711 in frames of 20 ms, from the trunk's UDP port to the file and back.

`g711` are the tables; `rtp`, `rtcp` and `dtmf` read and write packets and keep count of a sender,
without a socket; `port` is the UDP port made of them; `codecs` translate at the wire of a trunk
that speaks something else. `timeline` says where in a recording a frame belongs and `recorder`
puts it there; `wav` is the form of the file. `mixer` joins three and more; `tones` are what the
edge itself says to a caller.

Begin with `port.py`, then `recorder.py`.
"""
