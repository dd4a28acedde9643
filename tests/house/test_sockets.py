"""The guard of `conftest.py`: a test cannot leave this machine."""

import socket

import pytest

from conftest import SocketLeavesMachineError

DOCUMENTATION_HOST = ("192.0.2.1", 80)  # RFC 5737: routed nowhere


def test_connecting_to_another_machine_fails_the_test() -> None:
    with socket.socket() as connection, pytest.raises(SocketLeavesMachineError):
        connection.connect(DOCUMENTATION_HOST)


def test_a_datagram_to_another_machine_fails_the_test() -> None:
    with socket.socket(type=socket.SOCK_DGRAM) as sender, pytest.raises(SocketLeavesMachineError):
        sender.sendto(b"x", DOCUMENTATION_HOST)


def test_a_name_is_not_looked_up() -> None:
    with pytest.raises(socket.gaierror, match="no names in tests"):
        socket.getaddrinfo("example.org", 80)


def test_loopback_is_reached_by_number_and_by_name() -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]

        for host in ("127.0.0.1", "localhost"):
            with socket.create_connection((host, port)) as connection:
                assert port == connection.getpeername()[1]


def test_a_unix_socket_is_left_alone() -> None:
    left, right = socket.socketpair()
    with left, right:
        left.sendall(b"x")

        assert b"x" == right.recv(1)
