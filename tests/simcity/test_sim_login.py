import base64

import pytest

from simcity.rtsp.login import Door, Login
from tests.simcity.rtsp_client import authorization

URI = "rtsp://127.0.0.1:1/cam/1/main"
LOGIN = Login("operator", "ra:hasia", ("digest",))


def answered(login: Login, door: Door, count: int = 1, uri: str = URI) -> str:
    return authorization(login, "DESCRIBE", uri, door.challenges(login)[0], count)


@pytest.mark.parametrize("scheme", ["digest", "sha256"])
def test_right_password_opens(scheme: str) -> None:
    login, door = Login("operator", "ra:hasia", (scheme,)), Door()  # type: ignore[arg-type]

    assert door.admits(login, "DESCRIBE", URI, answered(login, door))


def test_basic_password_opens() -> None:
    login = Login("operator", "ra:hasia", ("basic",))
    token = base64.b64encode(b"operator:ra:hasia").decode()

    assert Door().admits(login, "DESCRIBE", URI, f"Basic {token}")
    assert not Door().admits(LOGIN, "DESCRIBE", URI, f"Basic {token}")


@pytest.mark.parametrize("wrong", [Login("operator", "x"), Login("admin", "ra:hasia")])
def test_wrong_name_or_password_stays_out(wrong: Login) -> None:
    door = Door()

    assert not door.admits(LOGIN, "DESCRIBE", URI, answered(wrong, door))


@pytest.mark.parametrize("header", [None, "", "Digest", "Digest nonsense", "Bearer x", "Basic %%"])
def test_no_proof_stays_out(header: str | None) -> None:
    assert not Door().admits(LOGIN, "DESCRIBE", URI, header)


def test_proof_for_another_address_method_or_nonce_stays_out() -> None:
    door = Door()
    proof = answered(LOGIN, door)

    assert not door.admits(LOGIN, "DESCRIBE", URI + "/x", proof)
    assert not door.admits(LOGIN, "SETUP", URI, proof)
    assert not Door().admits(LOGIN, "DESCRIBE", URI, proof)


def test_same_proof_does_not_open_twice() -> None:
    door = Door()
    proof = answered(LOGIN, door)

    assert door.admits(LOGIN, "DESCRIBE", URI, proof)
    assert not door.admits(LOGIN, "DESCRIBE", URI, proof)
    assert door.admits(LOGIN, "DESCRIBE", URI, answered(LOGIN, door, count=2))


def test_challenges_come_strongest_first() -> None:
    challenges = Door().challenges(Login("a", "b", ("sha256", "digest", "basic")))

    assert ["SHA-256" in c for c in challenges] == [True, False, False]
    assert challenges[2].startswith("Basic")
