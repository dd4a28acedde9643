"""RTP payloads of H.264 (RFC 6184), H.265 (RFC 7798) and AAC (RFC 3640), there and back."""

from collections.abc import Iterable, Sequence

from simcity.rtsp.nal import Codec

MTU_BYTES = 1400  # room for IP, UDP and RTP headers below the 1500 of Ethernet
_H264_FU_A = 28
_H264_STAP_A = 24
_H265_FU = 49
_H265_AP = 48


def packetise(codec: Codec, unit: bytes, mtu: int = MTU_BYTES) -> list[bytes]:
    """Return the RTP payloads of one NAL unit: itself, or fragments of at most `mtu` bytes."""
    if len(unit) <= mtu:
        return [unit]
    head = 1 if codec == "h264" else 2
    size = mtu - head - 1
    pieces = [unit[at : at + size] for at in range(head, len(unit), size)]
    if codec == "h264":
        prefix, kind = bytes([unit[0] & 0xE0 | _H264_FU_A]), unit[0] & 31
    else:
        prefix, kind = bytes([unit[0] & 0x81 | _H265_FU << 1, unit[1]]), unit[0] >> 1 & 63
    last = len(pieces) - 1
    return [
        prefix + bytes([(0x80 if i == 0 else 0) | (0x40 if i == last else 0) | kind]) + piece
        for i, piece in enumerate(pieces)
    ]


def packetise_unit(codec: Codec, units: Iterable[bytes], mtu: int = MTU_BYTES) -> list[bytes]:
    """Return the RTP payloads of one access unit; the last one takes the marker bit."""
    return [payload for unit in units for payload in packetise(codec, unit, mtu)]


def depacketise(codec: Codec, payloads: Sequence[bytes]) -> list[bytes]:
    """Return the NAL units of payloads that arrived whole and in order.

    Raises:
        ValueError: a fragment without its beginning, or one that never ends.
    """
    head = 1 if codec == "h264" else 2
    fragments, aggregate = (_H264_FU_A, _H264_STAP_A) if codec == "h264" else (_H265_FU, _H265_AP)
    units: list[bytes] = []
    partial: bytearray | None = None
    for payload in payloads:
        kind = payload[0] & 31 if codec == "h264" else payload[0] >> 1 & 63
        if kind == aggregate:
            units += _split_aggregate(payload[head:])
        elif kind == fragments:
            flags = payload[head]
            if flags & 0x80:
                partial = bytearray(_original_header(codec, payload))
            if partial is None:
                raise ValueError("fragment without a beginning")
            partial += payload[head + 1 :]
            if flags & 0x40:
                units.append(bytes(partial))
                partial = None
        else:
            units.append(payload)
    if partial is not None:
        raise ValueError("fragment without an end")
    return units


def _original_header(codec: Codec, payload: bytes) -> bytes:
    if codec == "h264":
        return bytes([payload[0] & 0xE0 | payload[1] & 31])
    return bytes([payload[0] & 0x81 | (payload[2] & 63) << 1, payload[1]])


def _split_aggregate(body: bytes) -> list[bytes]:
    units: list[bytes] = []
    at = 0
    while at + 2 <= len(body):
        size = int.from_bytes(body[at : at + 2], "big")
        units.append(body[at + 2 : at + 2 + size])
        at += 2 + size
    return units


def aac_payload(frame: bytes) -> bytes:
    """Return the `AAC-hbr` payload (RFC 3640 section 3.3.6) of one raw AAC frame."""
    return b"\x00\x10" + (len(frame) << 3).to_bytes(2, "big") + frame


def aac_frame(payload: bytes) -> bytes:
    """Return the raw AAC frame of a payload made by `aac_payload`."""
    return payload[4 : 4 + (int.from_bytes(payload[2:4], "big") >> 3)]
