"""What an offer says about video: pure reading of SDP.

References:
    RFC 8866 (SDP), RFC 6184 section 8 (H.264 payload format), RFC 8829 (JSEP).
"""

import re
from dataclasses import dataclass

from warroom.live.errors import OfferError

OFFER_MAX_BYTES = 65_536

_RTPMAP = re.compile(r"a=rtpmap:(\d{1,3}) H264/90000", re.IGNORECASE)
_FMTP = re.compile(r"a=fmtp:(\d{1,3}) (.+)")
_PROFILE = re.compile(r"profile-level-id=([0-9a-f]{6})", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Video:
    """How an offer wants its video.

    Attributes:
        mid: Name of the media section.
        payload_type: RTP payload type of the chosen codec.
        parameters: The codec's fmtp line, to be answered as offered.
    """

    mid: str
    payload_type: int
    parameters: str


def choose_video(offer: str, codec: str) -> Video:
    """Picks the offered H.264 that is nearest to the camera's.

    Args:
        offer: SDP of the browser.
        codec: RFC 6381 string of the stream, `avc1.64001e`.

    Raises:
        OfferError: There is no H.264 with packetization-mode 1 in it.
    """
    if len(offer) > OFFER_MAX_BYTES:
        raise OfferError
    for section in re.split(r"(?m)^(?=m=)", offer.replace("\r\n", "\n"))[1:]:
        mid = re.search(r"(?m)^a=mid:(\S{1,16})$", section)
        if not section.startswith("m=video") or mid is None:
            continue
        parameters = dict(_FMTP.findall(section))
        choices = [
            Video(mid[1], int(number), parameters.get(number, "").strip())
            for number in _RTPMAP.findall(section)
            if "packetization-mode=1" in parameters.get(number, "")
        ]
        if choices:
            return min(choices, key=lambda choice: _distance(choice.parameters, codec))
    raise OfferError


def _distance(parameters: str, codec: str) -> int:
    """0 for the same profile, 1 for a baseline one, which every browser has, else 2."""
    found = _PROFILE.search(parameters)
    offered = found[1].lower() if found else "42e01f"
    if offered[:2] == codec[5:7].lower():
        return 0
    return 1 if offered.startswith("42") else 2
