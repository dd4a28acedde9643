"""One key frame as a JPEG: decoded once, scaled, encoded. Used for thumbnails and snapshots.

References:
    Rec. ITU-T H.264 (avcC in ISO/IEC 14496-15) by FFmpeg's decoder through PyAV.
"""

import io
import struct
from typing import TYPE_CHECKING, cast

if TYPE_CHECKING:
    from av import VideoFrame

JPEG_QUALITY = "5"
"""FFmpeg's qscale: 2 is best, 31 worst."""

PIXELS_MAX = 64_000_000


class PictureError(Exception):
    """The key frame cannot be decoded."""


def decoder_record(header: bytes) -> tuple[str, bytes]:
    """Codec name (`h264`, `hevc`) and configuration record from an fMP4 header.

    Raises:
        PictureError: There is none.
    """
    for name, kind in (("h264", b"avcC"), ("hevc", b"hvcC")):
        place = header.find(kind)
        if place >= 4:
            (length,) = struct.unpack_from(">I", header, place - 4)
            return name, header[place + 4 : place - 4 + length]
    raise PictureError


def key_frame_jpeg(header: bytes, sample: bytes, width: int) -> bytes:
    """Decodes one key frame and makes a JPEG `width` pixels wide (even, never enlarged).

    Args:
        header: fMP4 header (ftyp + moov) of the stream.
        sample: The key frame, NAL units with their lengths before them.
        width: Pixels.

    Raises:
        PictureError: It cannot be decoded.
    """
    import av  # noqa: PLC0415 - decision 51
    from av.codec.context import ThreadType  # noqa: PLC0415 - decision 51
    from av.video.codeccontext import VideoCodecContext  # noqa: PLC0415 - decision 51

    name, record = decoder_record(header)
    try:
        decoder = cast(VideoCodecContext, VideoCodecContext.create(name, "r"))
        decoder.extradata = record
        decoder.thread_type = ThreadType.NONE
        packet = av.Packet(sample)
        packet.is_keyframe = True
        frames = [*decoder.decode(packet), *decoder.decode(None)]
    except (av.FFmpegError, ValueError) as error:
        raise PictureError from error
    if not frames or not 0 < frames[0].width * frames[0].height <= PIXELS_MAX:
        raise PictureError
    return _encode(frames[0], width)


def _encode(frame: "VideoFrame", width: int) -> bytes:
    import av  # noqa: PLC0415 - decision 51
    from av.video.codeccontext import VideoCodecContext  # noqa: PLC0415 - decision 51
    from av.video.reformatter import ColorRange  # noqa: PLC0415 - decision 51

    width = max(2, min(width, frame.width)) & ~1
    height = max(2, round(frame.height * width / frame.width)) & ~1
    try:
        small = frame.reformat(
            width=width, height=height, format="yuvj420p", dst_color_range=ColorRange.JPEG
        )
        encoder = VideoCodecContext.create("mjpeg", "w")
        encoder.width, encoder.height, encoder.pix_fmt = width, height, "yuvj420p"
        encoder.options = {"qscale": JPEG_QUALITY, "flags": "+qscale"}
        small.pts = 0
        out = io.BytesIO()
        for packet in [*encoder.encode(small), *encoder.encode(None)]:
            out.write(bytes(packet))
    except (av.FFmpegError, ValueError) as error:
        raise PictureError from error
    return out.getvalue()
