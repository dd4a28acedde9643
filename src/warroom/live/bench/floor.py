"""The floor: frames from the recorder's socket, written to bare TCP sockets, and nothing else."""

import socket
import sys

from warroom.recording.contracts import Kind, MessageReader


def run(media_socket: str, camera: str, viewers: int) -> None:
    """Sends every frame to `viewers` sockets that connect to the port printed first."""
    listener = socket.create_server(("127.0.0.1", 0), backlog=512)
    sys.stdout.write(f"{listener.getsockname()[1]}\n")
    sys.stdout.flush()
    takers = [listener.accept()[0] for _ in range(viewers)]
    source = socket.socket(socket.AF_UNIX)
    source.connect(media_socket)
    source.sendall(b'{"op":"watch","channel":1,"camera":"%s","role":"main"}\n' % camera.encode())
    reader = MessageReader()
    while received := source.recv(1 << 18):
        for kind, _, payload in reader.feed(received):
            if kind == Kind.FRAME:
                for taker in takers:
                    taker.sendall(payload)


if __name__ == "__main__":
    run(sys.argv[1], sys.argv[2], int(sys.argv[3]))
