"""`warroom setup` asks, writes the settings, and makes the first administrator; twice is safe."""

import io
import json
import tomllib
from collections.abc import Callable
from pathlib import Path

import psycopg
import pytest

from warroom.app.cli import main
from warroom.kernel.postgres import Connections


@pytest.fixture
def city(
    new_database: Callable[[str], Connections], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Connections:
    """A machine whose settings file is as `install` writes it, and an empty database."""
    (tmp_path / "warroom.toml").write_text(
        f'# of the city\n[warroom]\ndata_dir = "{tmp_path}/data"\nport = 8200  # free here\n'
    )
    monkeypatch.setenv("WARROOM_CONFIG", str(tmp_path / "warroom.toml"))
    monkeypatch.setenv("LANG", "en_GB.UTF-8")
    return new_database("set_me_up")


def answers_file(city: Connections, folder: Path, **more: str) -> str:
    answers = {
        "city": "Helsinki",
        "zone": "Europe/Helsinki",
        "public_url": "https://warroom.hel.example",
        "database_url": city.app,
        "database_owner_url": city.owner,
        "agency": "Helsinki City Group",
        "agency_short": "Hki",
        "admin_login": "aino",
        "admin_name": "Aino Virtanen",
        **more,
    }
    path = folder / "answers.toml"
    path.write_text("".join(f"{key} = {json.dumps(value)}\n" for key, value in answers.items()))
    return f"--answers={path}"


def test_answers_become_settings_and_an_administrator(
    city: Connections, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["setup", "--json", answers_file(city, tmp_path)]) == 0

    told = json.loads(capsys.readouterr().out)
    content = (tmp_path / "warroom.toml").read_text()
    written = tomllib.loads(content)
    assert ("Helsinki", "Europe/Helsinki") == (written["city"]["name"], written["city"]["zone"])
    assert written["identity"]["public_url"] == "https://warroom.hel.example"
    assert "# of the city" in content
    assert "port = 8200  # free here" in content
    assert len(told["password"]) >= 20
    with psycopg.connect(city.superuser) as connection:
        made = connection.execute(
            "select p.login, a.short, a.kind, r.role, r.reach, w.must_change from person p"
            " join agency a on a.id = p.agency_id join person_role r on r.person_id = p.id"
            " join person_password w on w.person_id = p.id"
        ).fetchall()
    assert made == [("aino", "Hki", "city", "admin_sistem", "city", True)]


def test_a_second_run_asks_and_changes_nothing(
    city: Connections,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert main(["setup", answers_file(city, tmp_path)]) == 0
    before = (tmp_path / "warroom.toml").stat()
    told = {"agency": "Helsinki City Group", "agency_short": "Hki",
            "admin_login": "aino", "admin_name": "Aino Virtanen"}  # fmt: skip
    lines = _lines(["", "Mars/Olympus", "Europe/Helsinki"], told)
    monkeypatch.setattr("sys.stdin", io.StringIO("\n".join(lines) + "\n"))
    capsys.readouterr()

    assert main(["setup", "--json"]) == 0

    said = capsys.readouterr()
    made = json.loads(said.out)
    assert "The time zone 'Mars/Olympus' is not known" in said.err
    assert "password=" not in said.err.replace("password=...", "")
    assert (None, False) == (made["password"], made["agency_made"])
    assert before == (tmp_path / "warroom.toml").stat()


def _lines(first: list[str], told: dict[str, str]) -> list[str]:
    """At the terminal: the profile, city, zone twice, what the settings know, the rest."""
    from warroom.app import setup

    asked = list(setup.Answers.__struct_fields__)
    return ["", *first[:3], *(told.get(question, "") for question in asked[3:])]


@pytest.mark.parametrize(
    ("wrong", "named"),
    [
        ({"zone": "../etc/passwd"}, "not known"),
        ({"public_url": "https://a.example/path"}, "without a path"),
        ({"public_url": "ftp://a.example"}, "without a path"),
        ({"admin_name": ""}, "needed"),
        ({"database_owner_url": ""}, "needed"),
        ({"mayor": "x"}, "mayor"),
        ({"profile": "atlantis"}, "atlantis"),
        ({"database_url": "host=/nowhere user=x password=hush"}, "PostgreSQL"),
    ],
)
def test_a_wrong_answer_is_refused_before_anything_is_written(
    city: Connections,
    tmp_path: Path,
    wrong: dict[str, str],
    named: str,
    capsys: pytest.CaptureFixture[str],
) -> None:
    before = (tmp_path / "warroom.toml").read_text()

    assert main(["setup", answers_file(city, tmp_path, **wrong)]) == 1

    said = capsys.readouterr().err
    assert named in said
    assert "Traceback" not in said
    assert "hush" not in said
    assert before == (tmp_path / "warroom.toml").read_text()


def test_a_superuser_is_no_role_of_the_application(
    city: Connections, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["setup", answers_file(city, tmp_path, database_url=city.superuser)]) == 1

    assert "superuser" in capsys.readouterr().err
