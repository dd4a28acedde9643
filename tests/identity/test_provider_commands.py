"""Providers and compromised passwords from the command line."""

import psycopg
import pytest

from tests.identity.conftest import City
from tests.identity.test_commands import Run, run  # noqa: F401 - a fixture
from warroom.identity.errors import TakenError, UnknownWordError
from warroom.kernel.errors import NotFoundError
from warroom.kernel.postgres import Connections

ADD = (
    *("provider", "add", "kota", "--name", "SSO Kota", "--issuer", "https://sso.example"),
    *("--client-id", "warroom", "--agency", "Damkar", "--agency", "Diskominfo"),
)


def test_a_provider_is_made_listed_and_stopped_and_its_secret_is_sealed(
    run: Run,  # noqa: F811
    city: City,
    connections: Connections,
) -> None:
    made = run(*ADD, stdin="rahasia sekali\n")
    (before,) = run("provider", "list")["items"]
    shown = run("provider", "list", as_json=False)
    run("provider", "disable", "kota")
    (after,) = run("provider", "list")["items"]

    assert before["id"] == made["id"]
    assert (before["has_secret"], before["is_active"], after["is_active"]) == (True, True, False)
    assert set(before["agencies"]) == {str(city.agencies[s]) for s in ("Damkar", "Diskominfo")}
    assert before["scopes"] == ["openid", "profile", "email"]
    assert "kota\tSSO Kota\thttps://sso.example\t0 people" in shown
    assert "rahasia" not in shown
    with psycopg.connect(connections.superuser) as connection:
        (sealed,) = connection.execute("select secret from identity_provider").fetchone() or (b"",)
    assert b"rahasia" not in bytes(sealed)


def test_a_public_client_has_no_secret_and_a_word_is_taken_once(run: Run) -> None:  # noqa: F811
    run(*ADD, "--no-secret")

    assert run("provider", "list")["items"][0]["has_secret"] is False
    with pytest.raises(TakenError):
        run(*ADD, "--no-secret")
    with pytest.raises(UnknownWordError):
        run("provider", "add", "Kota Kita!", *ADD[3:], "--no-secret")
    with pytest.raises(NotFoundError):
        run("provider", "disable", "tidak-ada")


def test_the_command_line_marks_a_password_and_may_leave_one_that_was_typed_by_its_owner(
    run: Run,  # noqa: F811
    connections: Connections,
) -> None:
    def flag() -> bool:
        with psycopg.connect(connections.superuser) as connection:
            row = connection.execute(
                "select must_change from person_password w join person p on p.id = w.person_id"
                " where login = 'polisi'"
            ).fetchone()
        return bool(row and row[0])

    seen = [flag()]
    run("user", "compromised", "polisi")
    seen.append(flag())
    run("user", "password", "polisi", "--keep", stdin="seekor ikan pari berenang\n")
    seen.append(flag())
    run("user", "password", "polisi", stdin="seekor ikan pari tenggelam\n")
    seen.append(flag())

    assert seen == [False, True, False, True]
    with pytest.raises(NotFoundError):
        run("user", "compromised", "tidak.ada")
