"""What a browser's offer says about sound: pure reading of SDP.

References:
    RFC 8866 (SDP), RFC 3551 section 6 (static payload types), RFC 4733 section 7.1.1.
"""

import re
from dataclasses import dataclass

from warroom.calls.errors import LegRefusedError

OFFER_MAX_BYTES = 65_536
PCMA = 8

_EVENT = re.compile(r"(?mi)^a=rtpmap:(\d{1,3}) telephone-event/8000")
_MID = re.compile(r"(?m)^a=mid:(\S{1,16})$")
_FORMATS = re.compile(r"^m=audio \d+ [A-Z/]+ ([\d ]+)")


@dataclass(frozen=True, slots=True)
class Sound:
    """How an offer wants its sound.

    Attributes:
        mid: Name of the media section.
        event_type: Payload type of keys; None where they are not offered.
    """

    mid: str
    event_type: int | None


def choose_sound(offer: str) -> Sound:
    """The first section of sound that takes G.711 A-law.

    Args:
        offer: SDP of the browser.

    Raises:
        LegRefusedError: There is none in it.
    """
    if len(offer) > OFFER_MAX_BYTES:
        raise LegRefusedError
    for section in re.split(r"(?m)^(?=m=)", offer.replace("\r\n", "\n"))[1:]:
        formats, mid = _FORMATS.match(section), _MID.search(section)
        if formats is None or mid is None or str(PCMA) not in formats[1].split():
            continue
        event = _EVENT.search(section)
        return Sound(mid[1], None if event is None else int(event[1]))
    raise LegRefusedError
