"""Sound that can be told apart, in packets of a caller with a real socket."""

import asyncio
import socket
from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from warroom.calls.audio import g711, rtp
from warroom.calls.contracts import FRAME_SAMPLES, RATE_HZ

HOST = "127.0.0.1"
ALIKE = 0.6
_PIECE = 1200


def voice(seconds: float, seed: int = 1) -> bytes:
    """A-law that sounds a little like speech: syllables of noise, never twice the same."""
    rng = np.random.default_rng(seed)
    count = round(seconds * RATE_HZ) // FRAME_SAMPLES * FRAME_SAMPLES
    noise = np.convolve(rng.normal(0, 1, count), np.hamming(9), "same")
    at = np.arange(count) / RATE_HZ
    syllables = 0.55 + 0.45 * np.sin(2 * np.pi * 4 * at + rng.uniform(0, 6))
    return g711.encode(2500 * noise * syllables)


def tone(hz: float, seconds: float = 1.0, loudness: float = 6000) -> bytes:
    at = np.arange(round(seconds * RATE_HZ)) / RATE_HZ
    return g711.encode(loudness * np.sin(2 * np.pi * hz * at))


def in_packets(
    alaw: bytes, *, ssrc: int = 77, sequence: int = 65_500, timestamp: int = 2**32 - 4000,
    samples: int = FRAME_SAMPLES, payload_type: int = 8,
) -> list[rtp.Packet]:  # fmt: skip
    """Packets that wrap both their counters early."""
    return [
        rtp.Packet(
            payload_type, at == 0, sequence + at // samples & 0xFFFF,
            timestamp + at & 0xFFFFFFFF, ssrc, alaw[at : at + samples],
        )
        for at in range(0, len(alaw), samples)
    ]  # fmt: skip


def correlation(reference: NDArray[np.float64], sound: NDArray[np.float64]) -> tuple[int, float]:
    """Where `reference` is found in `sound`, and how like it is there (1: the same)."""
    size = 1 << (len(reference) + len(sound)).bit_length()
    spectrum = np.fft.rfft(sound, size) * np.conj(np.fft.rfft(reference, size))
    lag = int(np.argmax(np.fft.irfft(spectrum, size)[: len(sound)]))
    piece = sound[lag : lag + len(reference)]
    other = reference[: len(piece)]
    norm = np.linalg.norm(piece) * np.linalg.norm(other) + 1e-9
    return lag, float(piece @ other / norm)


def share_found(heard: NDArray[np.float64], said: NDArray[np.float64]) -> float:
    """How much of what was heard is from what was said, in pieces of 150 ms: 0 to 1.

    A piece is found by the shape of its spectrum over time. A browser that cleans a voice turns
    its phases (echo control), levels it, and stretches sound for a moment when it comes late: none
    of that makes another voice of it. The same voice is alike by 0.8 and more, another by 0.25.
    """
    if len(heard) < _PIECE:
        return 0.0
    source = _picture(said)
    pieces = [heard[at : at + _PIECE] for at in range(0, len(heard) - _PIECE + 1, _PIECE)]
    return float(np.mean([_likeness(_picture(piece), source) > ALIKE for piece in pieces]))


def _picture(sound: NDArray[np.float64]) -> NDArray[np.float64]:
    """The spectrum between 125 Hz and 1.6 kHz each 4 ms, freed of loudness."""
    frames = np.lib.stride_tricks.sliding_window_view(sound, 256)[::32] * np.hanning(256)
    bands = np.sqrt(np.abs(np.fft.rfft(frames, axis=1))[:, 4:52])
    return bands / (bands.mean(axis=1, keepdims=True) + 10)


def _likeness(piece: NDArray[np.float64], source: NDArray[np.float64]) -> float:
    """The best correlation of a picture with any part of another."""
    count, size = len(piece), 1 << (len(piece) + len(source)).bit_length()
    shape = piece - piece.mean(axis=0)
    spectrum = np.fft.rfft(source, size, axis=0) * np.conj(np.fft.rfft(shape, size, axis=0))
    products = np.fft.irfft(spectrum.sum(axis=1), size)[: len(source) - count + 1]
    sums, squares = (
        np.cumsum(np.pad(part, ((1, 0), (0, 0))), axis=0) for part in (source, source**2)
    )
    within = squares[count:] - squares[:-count] - (sums[count:] - sums[:-count]) ** 2 / count
    norms = np.sqrt(np.maximum(within.sum(axis=1), 0)) * np.linalg.norm(shape)
    return float(np.max(products / (norms + 1e-9)))


def channels(recording: bytes) -> tuple[bytes, bytes]:
    """Caller and agent of a recording."""
    sound = recording[58:]
    return sound[0::2], sound[1::2]


class Caller:
    """A trunk's media: a real socket, and another for its reports."""

    def __init__(self, host: str = HOST) -> None:
        self.sound = _bound(host)
        self.heard: list[rtp.Packet] = []
        self.reports: list[bytes] = []

    @property
    def address(self) -> tuple[str, int]:
        return self.sound.getsockname()

    def send(self, packet: rtp.Packet, port: int) -> None:
        self.sound.sendto(rtp.build(packet), (HOST, port))

    async def talk(self, packets: list[rtp.Packet], port: int, burst: int = 1) -> None:
        """Sends packets as they fall due, 20 ms each; `burst` of them at a time."""
        loop = asyncio.get_running_loop()
        begun = loop.time()
        for number, packet in enumerate(packets):
            if number % burst == 0:
                await asyncio.sleep(max(0.0, begun + number * 0.02 - loop.time()))
            self.send(packet, port)

    def listen(self) -> list[rtp.Packet]:
        """What has come until now."""
        for datagram in waiting(self.sound):
            packet = rtp.parse(datagram)
            if packet is None:
                self.reports.append(datagram)
            else:
                self.heard.append(packet)
        return self.heard

    def close(self) -> None:
        self.sound.close()


def _bound(host: str) -> socket.socket:
    bound = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    bound.setblocking(False)
    bound.bind((host, 0))
    return bound


def waiting(of: socket.socket) -> Iterator[bytes]:
    """Datagrams that have come."""
    while True:
        try:
            yield of.recv(2048)
        except BlockingIOError:
            return


async def until(claim, timeout_s: float = 10.0) -> None:  # type: ignore[no-untyped-def]
    """Waits until a claim holds; fails if it never does."""
    async with asyncio.timeout(timeout_s):
        while not claim():
            await asyncio.sleep(0.005)
