"""What a process loads: no more of the product, and of its libraries, than it needs."""

import subprocess
import sys

import cyclopts
import pytest

from warroom.app.cli import COMMANDS, app

LIBRARIES = frozenset(
    ("aiomqtt", "alembic", "authlib", "av", "fastapi", "httpx", "numpy", "osmium", "pydantic",
     "pyroutingkit", "scipy", "shapely", "webauthn")
)  # fmt: skip


def loaded_by(module: str, libraries: frozenset[str] = LIBRARIES) -> set[str]:
    """Libraries that take long to load and are there when only `module` was asked for."""
    asked = subprocess.run(
        [sys.executable, "-c", f"import sys, {module}; print(*sys.modules)"],
        capture_output=True, text=True, check=True,
    )  # fmt: skip
    return libraries & set(asked.stdout.split())


@pytest.mark.parametrize(
    "module", ["warroom.app.cli", "warroom.app.demo", "warroom.app.media", "warroom.app.webrtc"]
)
def test_a_process_that_needs_no_costly_library_loads_none(module: str) -> None:
    assert loaded_by(module) == set()


def test_calls_come_back_without_waiting_for_a_library_that_they_do_not_need() -> None:
    """How long it loads is how long callers hear nothing after a kill."""
    libraries = LIBRARIES | {"cyclopts", "psycopg"}

    loaded = loaded_by("warroom.app.calls, warroom.calls.edge.process", libraries)

    assert {"numpy"} == loaded


def test_the_web_server_starts_without_what_one_page_in_a_hundred_needs() -> None:
    loaded = loaded_by("warroom.app.serving")

    assert "fastapi" in loaded  # else this test would see nothing
    assert loaded.isdisjoint(
        {
            "aiomqtt",
            "alembic",
            "authlib",
            "av",
            "httpx",
            "osmium",
            "pyroutingkit",
            "scipy",
            "webauthn",
        }
    )


@pytest.mark.parametrize("word", sorted(COMMANDS))
def test_a_command_is_where_the_table_says(word: str) -> None:
    command = app[word]

    assert isinstance(command, cyclopts.App)
    assert command.name == (word,)
    assert command.help or command.default_command
