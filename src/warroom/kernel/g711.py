"""What a byte of G.711 stands for.

References:
    ITU-T G.711 (11/1988), tables 1a to 2b, in 16 bits.
"""


def expand_alaw(code: int) -> int:
    """The 16-bit value of a byte of A-law."""
    code ^= 0x55
    step, value = code >> 4 & 7, ((code & 15) << 4) + 8
    if step:
        value = (value + 0x100) << (step - 1)
    return value if code & 0x80 else -value


def expand_ulaw(code: int) -> int:
    """The 16-bit value of a byte of mu-law."""
    code = ~code & 0xFF
    value = ((((code & 15) << 3) + 0x84) << (code >> 4 & 7)) - 0x84
    return -value if code & 0x80 else value
