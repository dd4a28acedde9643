"""The command line: one object on stdout, sentences on stderr, exit codes that mean something."""

import json
import socket
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from warroom.app.cli import main


@pytest.fixture
def data(monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A node's folder that is empty, and goes away."""
    with tempfile.TemporaryDirectory(prefix="wrc-", dir="/tmp") as name:
        folder = Path(name)
        folder.chmod(0o755)
        monkeypatch.setenv("WARROOM_DATA_DIR", name)
        monkeypatch.setenv("LANG", "id_ID.UTF-8")
        yield folder


@pytest.mark.parametrize(
    "arguments",
    [["nonsense"], ["demo", "--cameras", "many"], ["camera", "add"], ["bench", "nothing"]],
)
def test_wrong_usage_ends_with_two(arguments: list[str], data: Path) -> None:
    assert main(arguments) == 2


@pytest.mark.parametrize("word", ["demo", "up", "camera", "agency", "user", "grant", "token",
                                  "audit", "unit", "bench", "db", "config", "routes"])  # fmt: skip
def test_every_command_explains_itself(word: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main([word, "--help"]) == 0
    assert "Usage" in capsys.readouterr().out


@pytest.mark.parametrize("cameras", ["0", "469", "-1"])
def test_a_demo_of_a_wrong_size_is_refused_with_a_sentence(
    cameras: str, data: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["demo", f"--cameras={cameras}"]) == 1
    assert "468" in capsys.readouterr().err


def test_a_demo_does_not_move_into_a_real_city(
    data: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (data / "postgres").mkdir()

    assert main(["demo"]) == 1
    assert "kota sungguhan" in capsys.readouterr().err


def test_a_setting_that_is_wrong_is_named(data: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (data / "warroom.toml").write_text("[warroom]\nprot = 1\n")

    assert main(["config", "show"]) == 1
    assert "prot" in capsys.readouterr().err


def test_settings_are_shown_without_their_secrets(
    data: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("WARROOM_DATABASE_URL", "host=db password=hush")

    assert main(["config", "show", "--json"]) == 0

    shown = json.loads(capsys.readouterr().out)
    assert shown["warroom"]["database_url"] == "***"
    assert {"warroom", "cameras", "recording", "live", "identity"} <= shown.keys()


def test_routes_are_listed_with_their_guards(
    data: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["routes", "--json"]) == 0

    listed = json.loads(capsys.readouterr().out)
    guards = {(route["method"], route["path"]): route["guard"] for route in listed["routes"]}
    assert guards["GET", "/api/cameras"] == "camera:view"
    assert guards["WEBSOCKET", "/ws"] == "signed_in"
    assert {topic["name"] for topic in listed["topics"]} >= {"cameras.state", "cameras.changed"}


def test_a_taken_port_is_told_before_anything_starts(
    data: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        port = other.getsockname()[1]
        monkeypatch.setenv("WARROOM_PORT", str(port))

        assert main(["serve"]) == 1

    assert str(port) in capsys.readouterr().err


def test_cameras_are_administered_without_a_server(
    data: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Four commands, each with its own start of PostgreSQL."""
    agency = ["--name", "Dinas Perhubungan", "--short", "Dishub", "--kind", "dishub"]
    assert main(["agency", "add", *agency, "--json"]) == 0
    camera = ["--name", "Simpang Lima", "--lat", "-5.14", "--lon", "119.42", "--agency", "Dishub"]
    assert main(["camera", "add", *camera, "--url", "rtsp://10.0.0.9/live", "--json"]) == 0
    assert main(["camera", "add", *camera, "--url", "http://10.0.0.9/live"]) == 1
    refused = capsys.readouterr()
    assert "rtsp" in refused.err

    assert main(["camera", "list", "--json"]) == 0

    listed = json.loads(capsys.readouterr().out)
    assert [item["name"] for item in listed["items"]] == ["Simpang Lima"]
