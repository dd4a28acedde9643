"""Pure decisions: which stream a viewer gets, and what a browser can play."""

from warroom.live.contracts import Asked, CameraFacts, Role, StreamFacts
from warroom.live.errors import CodecNotPlayableError, NoPictureError


def is_playable(codec: str | None) -> bool:
    """Whether every supported browser decodes it: H.264 yes, H.265 only with luck.

    A codec that is not known yet counts as playable: the first description decides.
    """
    return codec is None or codec.startswith(("avc1", "avc3"))


def choose_role(camera: CameraFacts, asked: Asked) -> Role:
    """The stream to show.

    Asked by name, it is given whether a browser can play it or not (the description decides);
    `auto` takes the main stream if it is H.264, else the sub-stream.

    Raises:
        NoPictureError: The camera has no such stream.
        CodecNotPlayableError: No stream of it can be played by a browser.
    """
    streams = {stream.role: stream for stream in camera.streams}
    if asked != "auto":
        if asked not in streams:
            raise NoPictureError
        _must_play(streams[asked])
        return asked
    for role in ("main", "sub"):
        if role in streams and is_playable(streams[role].codec):
            return role
    if not streams:
        raise NoPictureError
    raise CodecNotPlayableError(codec=streams[next(iter(streams))].codec)


def choose_snapshot_role(camera: CameraFacts, width: int) -> Role:
    """The cheapest stream that still fills `width` pixels; any codec will do."""
    streams = {stream.role: stream for stream in camera.streams}
    if "sub" in streams and ("main" not in streams or (streams["sub"].width or 640) >= width):
        return "sub"
    return "main"


def _must_play(stream: StreamFacts) -> None:
    if not is_playable(stream.codec):
        raise CodecNotPlayableError(codec=stream.codec)
