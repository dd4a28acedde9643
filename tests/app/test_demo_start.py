"""`warroom demo` while it is still starting."""

import os
import signal
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from warroom.app import demo


@pytest.fixture
def signals_kept() -> Iterator[None]:
    numbers = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
    kept = [signal.getsignal(number) for number in numbers]
    yield
    for number, handler in zip(numbers, kept, strict=True):
        signal.signal(number, handler)


@pytest.mark.usefixtures("signals_kept")
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_demo_that_is_starting_ends_at_a_signal_and_stops_postgres(
    number: signal.Signals, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    # A shell that starts us in the background has Ctrl-C ignored from the first moment on.
    signal.signal(number, signal.SIG_IGN)
    monkeypatch.setenv("WARROOM_DATA_DIR", str(tmp_path / "var"))
    stopped: list[bool] = []

    def start(_node: Any) -> bool:
        os.kill(os.getpid(), number)
        return True

    monkeypatch.setattr(demo, "_write_city", lambda *_: None)
    monkeypatch.setattr(demo, "require_free_port", lambda *_: None)
    monkeypatch.setattr(demo, "start_database", start)
    monkeypatch.setattr(
        "warroom.kernel.postgres.EmbeddedPostgres.stop", lambda _self: stopped.append(True)
    )

    with pytest.raises(KeyboardInterrupt):
        demo.demo(cameras=1)

    assert stopped == [True]
