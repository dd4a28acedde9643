"""What every test lives by: no socket but loopback, test data that may be absent, slow ones apart.

Fixtures of the database are in `tests/conftest_db.py`. This file lies at the root so that it
holds for the tests of plug-ins as well, which lie beside them in `src`.
"""

import ipaddress
import os
import socket
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import structlog
from hypothesis import settings
from xdist.scheduler import LoadScopeScheduling

ROOT = Path(__file__).resolve().parent

UMASK = os.umask(0o022)
os.umask(UMASK)

# Tests live in the city of the demonstration, and so do the processes that they start.
os.environ.setdefault("WARROOM_PROFILE", "makassar")

pytest_plugins = ["tests.conftest_db"]

# No timing is asserted, and who does not own the checkout cannot write an example database.
settings.register_profile("warroom", database=None, deadline=None)
settings.load_profile("warroom")


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--nightly", action="store_true", help="run the slow tests as well")


class Groups(LoadScopeScheduling):
    """Gives whole files to a process, and all that drive a browser to the same one.

    Two Chromium with a demonstration each, side by side, wait for each other on two cores.
    """

    def _split_scope(self, nodeid: str) -> str:
        file: str = nodeid.partition("::")[0]
        return "browser" if _drives_a_browser(file) else file


def _drives_a_browser(file: str) -> bool:
    return "browser" in file or "chromium" in file


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> Groups:
    return Groups(config, log)


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """The browser comes first; without `--nightly` slow tests are left out, counted as such."""
    items.sort(key=lambda item: not _drives_a_browser(item.nodeid.partition("::")[0]))
    if config.getoption("--nightly"):
        return
    slow = [item for item in items if item.get_closest_marker("nightly")]
    if slow:
        config.hook.pytest_deselected(items=slow)
        items[:] = [item for item in items if not item.get_closest_marker("nightly")]


@pytest.fixture(scope="session")
def repository() -> Path:
    """The root of the checkout."""
    return ROOT


@pytest.fixture(scope="session")
def test_data() -> Path:
    """Real data that nobody here made; it is not part of the repository.

    `WARROOM_TEST_DATA`, else a folder beside the checkout; a test that asks for it where it is
    absent is skipped.
    """
    named = os.environ.get("WARROOM_TEST_DATA")
    folder = Path(named) if named else ROOT.parent / "shared" / "data"
    if not folder.is_dir():
        pytest.skip(f"no test data in {folder} (WARROOM_TEST_DATA)")
    return folder


@pytest.fixture(autouse=True)
def _its_own_modes() -> Iterator[None]:
    """A test that opens a node closes what its process makes from then on; others do not.

    `make_data_dir` sets the umask, which is one for the whole process; a fixture of a module or a
    session that opens a node does so before this one runs.
    """
    os.umask(UMASK)
    yield
    os.umask(UMASK)


@pytest.fixture(autouse=True)
def _logs_to_its_own_output() -> Iterator[None]:
    """A test that configures the logs (a command does) leaves them as they were.

    They would go on writing to the captured output of that test, which is closed after it.
    """
    yield
    structlog.reset_defaults()


class SocketLeavesMachineError(AssertionError):
    """A test tried to reach a host that is not this machine."""


def _is_loopback(address: Any) -> bool:
    if not isinstance(address, tuple):
        return True  # a Unix socket, netlink, or an abstract name
    host = str(address[0]).partition("%")[0]
    if host in {"localhost", ""}:
        return True
    try:
        parsed = ipaddress.ip_address(host)
    except ValueError:
        return False
    mapped = getattr(parsed, "ipv4_mapped", None)
    return (mapped or parsed).is_loopback or (mapped or parsed).is_unspecified


@pytest.fixture(autouse=True)
def _stays_on_this_machine(monkeypatch: pytest.MonkeyPatch) -> None:
    """Every connection, datagram and look-up of a name outside of loopback fails the test.

    Covers Python's sockets; a browser is watched by its own harness.
    """
    real_lookup = socket.getaddrinfo

    def guarded(name: str) -> Any:
        real = getattr(socket.socket, name)

        def call(self: socket.socket, *args: Any) -> Any:
            address = args[-1]
            if self.family in (socket.AF_INET, socket.AF_INET6) and not _is_loopback(address):
                message = f"a test may not reach {address}"
                raise SocketLeavesMachineError(message)
            return real(self, *args)

        return call

    def lookup(host: Any, *args: Any, **kwargs: Any) -> Any:
        name = host.decode() if isinstance(host, bytes) else host
        if name is not None and not _is_loopback((name,)):
            try:
                ipaddress.ip_address(name)  # a number needs no name server
            except ValueError:
                raise socket.gaierror(socket.EAI_NONAME, f"no names in tests: {name}") from None
        return real_lookup(host, *args, **kwargs)

    for name in ("connect", "connect_ex", "sendto"):
        monkeypatch.setattr(socket.socket, name, guarded(name))
    monkeypatch.setattr(socket, "getaddrinfo", lookup)
