"""What a camera says of its streams in answer to DESCRIBE (SDP, RFC 8866), as far as we record it.

Kept: one H.264 (RFC 6184) or H.265 (RFC 7798) video and one audio of AAC (RFC 3640) or G.711.
"""

import base64
import binascii
import re
from dataclasses import dataclass, field

from warroom.recording.errors import Cause, StreamError
from warroom.recording.fmp4 import AudioFormat
from warroom.recording.h26x import Codec, ParameterSets, read_h264, read_h265

_AAC_RATES = (
    96000, 88200, 64000, 48000, 44100, 32000, 24000, 22050, 16000, 12000, 11025, 8000, 7350,
)  # fmt: skip
_STATIC = {"0": ("PCMU", 8000, 1), "8": ("PCMA", 8000, 1)}
_MEDIA_LIMIT = 32
_LINE_LIMIT = 2000


@dataclass(frozen=True, slots=True)
class VideoTrack:
    """The video to be recorded.

    Attributes:
        sets: Parameter sets announced, or None: then the stream itself must bring them.
        control: As written in `a=control`.
    """

    codec: Codec
    payload_type: int
    control: str
    sets: ParameterSets | None


@dataclass(frozen=True, slots=True)
class AudioTrack:
    """The audio to be recorded.

    Attributes:
        size_bits: AAC: bits of an AU header's size field.
        index_bits: AAC: bits of its index field.
    """

    format: AudioFormat
    payload_type: int
    control: str
    size_bits: int = 13
    index_bits: int = 3


@dataclass(frozen=True, slots=True)
class Description:
    """What is to be set up."""

    video: VideoTrack
    audio: AudioTrack | None
    control: str


@dataclass(slots=True)
class _Media:
    kind: str
    payload_types: list[str]
    control: str = ""
    maps: dict[str, tuple[str, int, int]] = field(default_factory=dict)
    formats: dict[str, dict[str, str]] = field(default_factory=dict)


def read_sdp(body: bytes) -> Description:
    """Finds what can be recorded.

    Raises:
        StreamError: With `Cause.NOT_VIDEO` when there is no H.264 or H.265 in it.
    """
    lines = body.decode("utf-8", "replace").splitlines()
    if len(lines) > _LINE_LIMIT:
        raise StreamError(Cause.TOO_LARGE, "SDP")
    medias: list[_Media] = []
    control = ""
    for line in lines:
        name, _, value = line.strip().partition("=")
        if name == "m":
            words = value.split()
            if len(words) >= 4 and len(medias) < _MEDIA_LIMIT:
                medias.append(_Media(words[0].lower(), words[3:]))
        elif name == "a" and medias:
            _read_attribute(medias[-1], value)
        elif name == "a" and value.startswith("control:"):
            control = value[8:].strip()
    video = next((found for media in medias if (found := _video(media)) is not None), None)
    if video is None:
        raise StreamError(Cause.NOT_VIDEO, "no H.264 or H.265 in the description")
    audio = next((heard for media in medias if (heard := _audio(media)) is not None), None)
    return Description(video, audio, control)


def _read_attribute(media: _Media, value: str) -> None:
    name, _, rest = value.partition(":")
    rest = rest.strip()
    if name == "control":
        media.control = rest
    elif name == "rtpmap":
        found = re.match(r"(\d{1,3})\s+([\w.+-]{1,64})/(\d{1,6})(?:/(\d{1,2}))?", rest)
        if found:
            media.maps[found[1]] = (found[2].upper(), int(found[3]), int(found[4] or 1))
    elif name == "fmtp":
        payload_type, _, text = rest.partition(" ")
        pairs = (part.partition("=") for part in text.split(";") if "=" in part)
        media.formats[payload_type] = {key.strip().lower(): v.strip() for key, _, v in pairs}


def _unbase64(text: str) -> list[bytes]:
    nals = []
    for part in map(str.strip, text.split(",")):
        try:
            raw = base64.b64decode(part + "=" * (-len(part) % 4), validate=True)
        except (binascii.Error, ValueError):
            continue
        raw = raw.removeprefix(b"\0\0\0\1").rstrip(b"\0")
        if raw:
            nals.append(raw)
    return nals[:64]


def _announced_sets(codec: Codec, fmtp: dict[str, str]) -> ParameterSets | None:
    """The parameter sets of the `fmtp` line; None where they are absent or broken."""
    try:
        if codec == "h264":
            nals = _unbase64(fmtp.get("sprop-parameter-sets", ""))
            sps = [nal for nal in nals if nal[0] & 31 == 7]
            pps = [nal for nal in nals if nal[0] & 31 == 8]
            return read_h264(sps[0], tuple(pps)) if sps and pps else None
        found = [_unbase64(fmtp.get(f"sprop-{name}", "")) for name in ("vps", "sps", "pps")]
        return read_h265(found[0][0], found[1][0], tuple(found[2])) if all(found) else None
    except StreamError:
        return None


def _video(media: _Media) -> VideoTrack | None:
    if media.kind != "video":
        return None
    for payload_type in media.payload_types:
        encoding = media.maps.get(payload_type, ("", 0, 1))[0]
        codec: Codec
        if encoding == "H264":
            codec = "h264"
        elif encoding in ("H265", "HEVC"):
            codec = "h265"
        else:
            continue
        fmtp = media.formats.get(payload_type, {})
        sets = _announced_sets(codec, fmtp)
        return VideoTrack(codec, int(payload_type), media.control, sets)
    return None


def _audio(media: _Media) -> AudioTrack | None:
    if media.kind != "audio":
        return None
    for payload_type in media.payload_types:
        encoding, rate, channels = media.maps.get(payload_type) or _STATIC.get(
            payload_type, ("", 0, 0)
        )
        if encoding in ("PCMA", "PCMU") and rate and channels in (1, 2):
            name = "alaw" if encoding == "PCMA" else "ulaw"
            form = AudioFormat(name, rate, channels)
            return AudioTrack(form, int(payload_type), media.control)
        if encoding == "MPEG4-GENERIC":
            return _aac(media, payload_type, rate)
    return None


def _aac(media: _Media, payload_type: str, rate: int) -> AudioTrack | None:
    fmtp = media.formats.get(payload_type, {})
    try:
        config = bytes.fromhex(fmtp.get("config", ""))
        size_bits = int(fmtp.get("sizelength", "13"))
        index_bits = int(fmtp.get("indexlength", "3"))
    except ValueError:
        return None
    if not 2 <= len(config) <= 64 or (size_bits, index_bits) not in ((13, 3), (6, 2)):
        return None
    number = int.from_bytes(config[:2])
    kind, rate_index, channels = number >> 11, number >> 7 & 15, number >> 3 & 15
    if kind not in (2, 5, 29) or not 1 <= channels <= 7:
        return None
    if rate_index < len(_AAC_RATES):
        rate = _AAC_RATES[rate_index]
    if not 7000 <= rate <= 96000:
        return None
    form = AudioFormat(f"mp4a.40.{kind}", rate, channels, config)
    return AudioTrack(form, int(payload_type), media.control, size_bits, index_bits)
