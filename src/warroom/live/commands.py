"""The `warroom webrtc` process."""

from warroom.live.webrtc.process import run as run_webrtc

__all__ = ["run_webrtc"]
