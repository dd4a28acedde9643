"""The `webrtc` process: live pictures over WebRTC; it loads that and no more (decision 51)."""

from warroom.app.node import elsewhere_socket, media_socket, open_node, webrtc_socket
from warroom.app.processes import die_with_parent_if_supervised
from warroom.live import commands as live
from warroom.live.settings import LiveSettings


def webrtc() -> None:
    """Serves live pictures over WebRTC. Example: `warroom webrtc`."""
    die_with_parent_if_supervised()
    node = open_node()
    live.run_webrtc(
        media_socket(node.settings),
        webrtc_socket(node.settings),
        node.configuration.section(LiveSettings),
        node.clock,
        elsewhere_socket(node),
    )
