"""The command line: agencies, people, grants, tokens and the audit, without the web."""

import io
import json
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Any

import cyclopts
import psycopg
import pytest

from tests.identity.conftest import City
from warroom.audit import commands as audit_commands
from warroom.identity import api, provider_commands, token_commands
from warroom.identity import commands as identity_commands
from warroom.identity.errors import TakenError, UnknownWordError, WeakPasswordError
from warroom.kernel import command
from warroom.kernel.db import Database
from warroom.kernel.errors import NotFoundError
from warroom.kernel.postgres import Connections
from warroom.kernel.services import Services
from warroom.kernel.settings import Configuration

type Run = Callable[..., Any]


@pytest.fixture
def run(
    city: City,
    services: dict[type, object],
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> Run:
    """Runs a command as `warroom` does; gives the one JSON object it printed."""

    @asynccontextmanager
    async def tools() -> AsyncIterator[command.Tools]:
        db = Database(city.db.dsn, max_size=2)
        await db.open()
        try:
            yield command.Tools(
                db, city.clock, Services(services), Configuration({}, {}), city.system
            )
        finally:
            await db.close()

    command.provide(tools)
    app = cyclopts.App(name="warroom")
    for part in (
        identity_commands.agency,
        identity_commands.user,
        identity_commands.grant,
        provider_commands.app,
        token_commands.application,
        token_commands.token,
        audit_commands.app,
    ):
        app.command(part)

    def call(*arguments: str, stdin: str = "", as_json: bool = True) -> Any:
        monkeypatch.setattr("sys.stdin", io.StringIO(stdin))
        more = ["--json"] if as_json else []
        app([*arguments, *more], exit_on_error=False, result_action="return_value")
        printed = capsys.readouterr().out
        return json.loads(printed) if as_json else printed

    return call


def test_an_agency_and_its_person_are_made_and_listed(run: Run) -> None:
    made = run(
        "agency",
        "add",
        "--kind",
        "skpd",
        "--name",
        "Dinas Sosial",
        "--short",
        "Dinsos",
        "--place",
        "73.71",
    )
    person = run("user", "add", "Ani", "--name", "Ani", "--agency", "dinsos", "--role", "view")

    shorts = [item["short"] for item in run("agency", "list")["items"]]
    (ani,) = [item for item in run("user", "list")["items"] if item["login"] == "ani"]
    assert "Dinsos" in shorts
    assert ani["id"] == person["id"]
    assert ani["agency"]["id"] == made["id"]
    assert ani["roles"] == [{"role": "view", "label": "", "reach": "own"}]


def test_lists_can_be_read_by_people(run: Run) -> None:
    agencies = run("agency", "list", as_json=False)
    people = run("user", "list", as_json=False)

    assert "Damkar\tfire\tDinas Pemadam Kebakaran" in agencies
    assert "regu\tDamkar\tview/own\tRegu" in people


def test_a_password_comes_from_standard_input_and_opens_the_door(
    run: Run, city: City, loop_runner: Any
) -> None:
    new = "tiga perahu phinisi"

    run("user", "password", "regu", stdin=f"{new}\n")

    opened = loop_runner.run(city.doorkeeper.sign_in("regu", new, None, ""))
    assert opened.principal.login == "regu"


def test_a_weak_password_is_refused_at_the_command_line_too(run: Run) -> None:
    with pytest.raises(WeakPasswordError):
        run("user", "password", "regu", stdin="123\n")
    with pytest.raises(WeakPasswordError):
        run("user", "add", "ani", "--name", "Ani", "--password", stdin="123\n")

    assert "ani" not in [item["login"] for item in run("user", "list")["items"]]


def test_a_disabled_person_is_listed_as_such(run: Run) -> None:
    run("user", "disable", "regu")

    assert "(disabled)" in run("user", "list", as_json=False)


def test_a_grant_is_given_listed_and_revoked(run: Run) -> None:
    made = run(
        "grant", "add", "--to-agency", "Polrestabes", "--action", "live:view",
        "--agency", "Damkar", "--days", "3", "--letter", "B/7", "--reason", "Uji",
    )  # fmt: skip
    (listed,) = run("grant", "list")["items"]
    run("grant", "revoke", made["id"])

    assert (listed["id"], listed["letter"]) == (made["id"], "B/7")
    assert listed["ends_at"] == "2026-11-27T06:00:00.000Z"
    assert run("grant", "list")["items"] == []
    assert run("grant", "list", "--ended")["total"] == 1


def test_a_token_is_shown_once_and_works(run: Run, city: City, loop_runner: Any) -> None:
    made = run("token", "create", "--user", "kepala", "--actions", "camera:view,live:view")

    assert made["token"].startswith("wr_")
    assert made["expires_at"].startswith("2026-12-24")
    with psycopg.connect(city.db.dsn) as connection:
        connection.execute("select set_config('warroom.agencies', '*', true)")
        actions = connection.execute("select actions from api_token").fetchall()
    assert actions == [(["camera:view", "live:view"],)]


@pytest.mark.parametrize(
    ("arguments", "error"),
    [
        (["user", "add", "regu", "--name", "X"], TakenError),
        (["user", "add", "x1", "--name", "X", "--agency", "tidak-ada"], NotFoundError),
        (["user", "disable", "tidak-ada"], NotFoundError),
        (["token", "create", "--user", "tidak-ada"], NotFoundError),
    ],
)
def test_what_cannot_be_done_is_an_error_with_a_code(
    run: Run, arguments: list[str], error: type[Exception]
) -> None:
    with pytest.raises(error):
        run(*arguments)


def test_no_command_takes_a_password_as_an_argument() -> None:
    with pytest.raises(cyclopts.CycloptsError):
        identity_commands.user(
            ["add", "x", "--name", "X", "--password", "rahasia"],
            exit_on_error=False,
            print_error=False,
        )


def test_the_audit_is_verified_and_anchored_from_the_command_line(run: Run) -> None:
    run("agency", "add", "--name", "Dinas Sosial", "--short", "Dinsos")

    first, second = run("audit", "anchor"), run("audit", "anchor")
    outcome = run("audit", "verify")

    assert (first["anchored"], second["anchored"]) == (True, False)
    assert outcome["intact"] is True
    assert outcome["rows"] > 0
    assert "Intact" in run("audit", "verify", as_json=False)


def test_a_broken_chain_is_named_and_the_exit_code_says_so(
    run: Run, connections: Connections, capsys: pytest.CaptureFixture[str]
) -> None:
    with psycopg.connect(connections.superuser) as connection:
        connection.execute("set session_replication_role = replica")
        chain, seq = connection.execute(
            "update audit_entry set reason = 'x' where (chain, seq) ="
            " (select chain, seq from audit_entry limit 1) returning chain, seq"
        ).fetchone() or (None, None)

    with pytest.raises(SystemExit) as exit_:
        run("audit", "verify", as_json=False)

    assert exit_.value.code == 1
    assert f"an entry was changed, chain {chain}, entry {seq} " in capsys.readouterr().out


async def test_the_sample_city_is_made_once(city: City) -> None:
    for _ in range(2):
        async with city.db.transaction(city.system) as tx:
            agencies = await api.ensure_sample(city.system, tx)

    async with city.db.transaction(city.system) as tx:
        people = json.loads(await api.list_people(city.system, tx))
        grants = json.loads(await api.list_grants(city.system, tx))
    assert len(agencies) >= 24
    assert {login for login, *_ in api.SAMPLE_PEOPLE} <= {p["login"] for p in people["items"]}
    assert grants["total"] == len(api.SAMPLE_GRANTS)


def test_programs_and_their_tokens_are_made_listed_rotated_and_ended(city: City, run: Run) -> None:
    made = run(
        "application", "add", "--name", "Peta", "--agency", "Damkar", "--action", "camera:view"
    )
    token = run("token", "create", "--application", "peta", "--address", "10.20.0.0/16")
    rotated = run("token", "rotate", token["id"], "--overlap-hours", "1", "--days", "7")
    listed = run("token", "list")
    run("token", "revoke", rotated["id"])
    (application,) = run("application", "list")["items"]
    run("application", "disable", made["id"])
    (disabled,) = run("application", "list")["items"]

    assert token["token"] != rotated["token"]
    assert {one["id"] for one in listed["items"]} == {token["id"], rotated["id"]}
    assert {one["application"]["name"] for one in listed["items"]} == {"Peta"}
    assert [one["id"] for one in application["tokens"]] == [token["id"]]
    assert (disabled["is_active"], disabled["tokens"]) == (False, [])
    assert "Peta" in run("application", "list", as_json=False)


def test_a_token_has_exactly_one_owner(city: City, run: Run) -> None:
    with pytest.raises(api.TokenOwnerError):
        run("token", "create")
    with pytest.raises(api.TokenOwnerError):
        run("token", "create", "--user", "kepala", "--application", "peta")
    with pytest.raises(NotFoundError):
        run("token", "create", "--application", "peta")


def test_the_machine_itself_helps_whoever_is_locked_out(city: City, run: Run) -> None:
    bound = run("user", "bind", "admin")
    free = run("user", "bind", "admin", "--anywhere")
    demanded = run("user", "demand", "operate", "--factor", "any", "--grace-days", "7")
    reset = run("user", "reset-factors", "polisi")

    assert bound == {"login": "admin", "seats_only": True}
    assert free == {"login": "admin", "seats_only": False}
    assert demanded == {"role": "operate", "factor": "any", "grace_days": 7}
    assert reset == {"login": "polisi"}


@pytest.mark.parametrize("more", [["--factor", "sms"], ["--grace-days", "400"]])
def test_a_demand_that_does_not_exist_is_refused(more: list[str], city: City, run: Run) -> None:
    with pytest.raises(UnknownWordError):
        run("user", "demand", "operate", *more)
