"""The floor of recording where no compiler is: the same loop in Python, `recv_into` and `write`.

Usage: python -m warroom.recording.bench.floor HOST PORT FIRST COUNT OUTDIR
"""

import os
import re
import select
import signal
import socket
import sys


def _play(host: str, port: int, number: int) -> socket.socket:
    camera = socket.create_connection((host, port))
    url = f"rtsp://{host}:{port}/cam/{number}/main"
    steps = (
        f"OPTIONS {url} RTSP/1.0\r\nCSeq: 1\r\n\r\n",
        f"DESCRIBE {url} RTSP/1.0\r\nCSeq: 2\r\nAccept: application/sdp\r\n\r\n",
        f"SETUP {url}/trackID=0 RTSP/1.0\r\nCSeq: 3\r\n"
        "Transport: RTP/AVP/TCP;unicast;interleaved=0-1\r\n\r\n",
    )
    answer = b""
    for step in steps:
        camera.sendall(step.encode())
        answer = camera.recv(65_536)
    found = re.search(rb"Session: ([^;\r\n]+)", answer)
    session = found[1].decode() if found else ""
    camera.sendall(f"PLAY {url} RTSP/1.0\r\nCSeq: 4\r\nSession: {session}\r\n\r\n".encode())
    return camera


def main(words: list[str]) -> None:
    """Reads and writes until SIGTERM."""
    host, port, first, count, out = words[0], int(words[1]), int(words[2]), int(words[3]), words[4]
    poller = select.epoll()
    cameras: dict[int, tuple[socket.socket, int]] = {}
    for number in range(first, first + count):
        camera = _play(host, port, number)
        file = os.open(f"{out}/c{number}.raw", os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o644)
        cameras[camera.fileno()] = (camera, file)
        poller.register(camera.fileno(), select.EPOLLIN)
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
    sys.stdout.write("ready\n")
    sys.stdout.flush()
    buffer = bytearray(1 << 18)
    view = memoryview(buffer)
    while True:
        for handle, _ in poller.poll(0.2):
            camera, file = cameras[handle]
            size = camera.recv_into(buffer)
            if size:
                os.write(file, view[:size])
            else:
                poller.unregister(handle)


if __name__ == "__main__":
    main(sys.argv[1:])
