"""Session descriptions of cameras (RFC 8866)."""

import base64

from simcity.rtsp import nal
from simcity.rtsp.audio import AudioTrack
from simcity.rtsp.clip import Clip


def describe(clip: Clip | None, audio: AudioTrack | None, title: str) -> str:
    """Return the description of a camera; without a clip it offers metadata only."""
    lines = [
        "v=0",
        "o=- 1 1 IN IP4 127.0.0.1",
        f"s={title}",
        "c=IN IP4 0.0.0.0",
        "t=0 0",
        "a=control:*",
    ]
    if clip is None:
        lines += [
            "m=application 0 RTP/AVP 107",
            "a=rtpmap:107 vnd.onvif.metadata/90000",
            "a=control:trackID=0",
        ]
    else:
        lines += [*_video(clip), "a=control:trackID=0"]
    if audio is not None:
        lines += [*_audio(audio), "a=control:trackID=1"]
    return "\r\n".join(lines) + "\r\n"


def _base64(unit: bytes) -> str:
    return base64.b64encode(unit).decode()


def _video(clip: Clip) -> list[str]:
    rate = [f"a=framerate:{float(clip.fps):g}"]
    sets = clip.parameter_sets
    if clip.codec == "h264":
        sps, pps = sets[nal.H264_SPS], sets[nal.H264_PPS]
        return [
            "m=video 0 RTP/AVP 96",
            "a=rtpmap:96 H264/90000",
            f"a=fmtp:96 packetization-mode=1;profile-level-id={sps[1:4].hex()};"
            f"sprop-parameter-sets={_base64(sps)},{_base64(pps)}",
            *rate,
        ]
    return [
        "m=video 0 RTP/AVP 96",
        "a=rtpmap:96 H265/90000",
        f"a=fmtp:96 sprop-vps={_base64(sets[nal.H265_VPS])};"
        f"sprop-sps={_base64(sets[nal.H265_SPS])};sprop-pps={_base64(sets[nal.H265_PPS])}",
        *rate,
    ]


def _audio(track: AudioTrack) -> list[str]:
    head = f"m=audio 0 RTP/AVP {track.payload_type}"
    if track.codec != "aac":
        return [head, f"a=rtpmap:{track.payload_type} {track.codec.upper()}/{track.rate_hz}"]
    return [
        head,
        f"a=rtpmap:{track.payload_type} mpeg4-generic/{track.rate_hz}/1",
        f"a=fmtp:{track.payload_type} streamtype=5;profile-level-id=1;mode=AAC-hbr;"
        f"sizelength=13;indexlength=3;indexdeltalength=3;config={track.config.hex()}",
    ]
