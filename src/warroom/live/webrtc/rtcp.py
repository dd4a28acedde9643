"""What a browser asks for over RTCP, and how often it is heard: pure reading of bytes.

References:
    RFC 3550 section 6.1 (compound packets), RFC 4585 section 6.3.1 (PLI), RFC 5104 section 4.3.1
    (FIR), RFC 2032 section 5.2.1 (the older FIR).
"""

PAYLOAD_FEEDBACK = 206
OLD_FIR = 192
PLI = 1
FIR = 4

LEAST_S = 1.0
MOST_S = 8.0


def asks_for_key(packet: bytes, ssrc: int) -> bool:
    """Whether a compound packet asks the sender `ssrc` for a key frame; torn ones do not.

    Args:
        packet: As received.
        ssrc: The sender's own source; what is meant for another is not heard.
    """
    at = 0
    own = ssrc.to_bytes(4, "big")
    while at + 4 <= len(packet) and packet[at] >> 6 == 2:
        kind, form = packet[at + 1], packet[at] & 31
        end = at + 4 + 4 * int.from_bytes(packet[at + 2 : at + 4], "big")
        if end > len(packet):
            return False
        if kind == OLD_FIR and packet[at + 4 : at + 8] == own:
            return True
        if kind == PAYLOAD_FEEDBACK and form == PLI and packet[at + 8 : at + 12] == own:
            return True
        if kind == PAYLOAD_FEEDBACK and form == FIR:
            asked = range(at + 12, end - 7, 8)
            if any(packet[place : place + 4] == own for place in asked):
                return True
        at = end
    return False


class Patience:
    """How often one viewer gets its GOP again.

    At most once a second; while it keeps asking, the wait doubles up to eight seconds, because a
    link that loses what it gets is not helped by getting more.
    """

    __slots__ = ("_given_at", "_wait_s")

    def __init__(self) -> None:
        self._given_at = float("-inf")
        self._wait_s = LEAST_S

    def allows(self, now: float) -> bool:
        """Whether it may be given now (monotonic seconds)."""
        return now - self._given_at >= self._wait_s

    def give(self, now: float) -> None:
        """It is given now."""
        is_calm = now - self._given_at >= 2 * MOST_S
        self._wait_s = LEAST_S if is_calm else min(MOST_S, 2 * self._wait_s)
        self._given_at = now
