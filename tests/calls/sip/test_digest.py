"""Claims about digest authentication, both sides."""

import pytest

from warroom.calls.sip.digest import (
    NONCE_S,
    Challenger,
    Credentials,
    NoDigestError,
    authorization,
    fields_of,
)
from warroom.calls.sip.message import Message

WHO = Credentials("war,room", 'ra"has\\ia')


class Time:
    now = 1000.0

    def __call__(self) -> float:
        return self.now


def asks(challenger: Challenger) -> Message:
    return Message(status=401, headers=challenger.challenges())


def proof(answer: Message, who: Credentials = WHO, count: int = 1) -> Message:
    name, value = authorization(answer, "INVITE", "sip:112@warroom", who, count)
    return Message(method="INVITE", uri="sip:112@warroom", headers=[(name, value)])


def test_who_knows_the_password_is_believed_and_the_strongest_hash_is_used() -> None:
    challenger = Challenger("warroom", Time())

    request = proof(asks(challenger))

    assert "SHA-256" == fields_of(request.get("authorization"))["algorithm"]
    assert challenger.is_right(request, WHO)


def test_an_older_side_may_use_md5() -> None:
    challenger = Challenger("warroom", Time())
    only_md5 = Message(status=401, headers=challenger.challenges()[1:])

    assert challenger.is_right(proof(only_md5), WHO)


@pytest.mark.parametrize(
    "who", [Credentials("war,room", "wrong"), Credentials("other", WHO.password)]
)
def test_who_does_not_is_not(who: Credentials) -> None:
    challenger = Challenger("warroom", Time())

    assert not challenger.is_right(proof(asks(challenger), who), WHO)


def test_a_proof_is_good_once() -> None:
    challenger = Challenger("warroom", Time())
    request = proof(asks(challenger))

    assert challenger.is_right(request, WHO)
    assert not challenger.is_right(request, WHO)


def test_a_proof_of_another_address_is_none() -> None:
    challenger = Challenger("warroom", Time())
    request = proof(asks(challenger))
    request.uri = "sip:113@warroom"

    assert not challenger.is_right(request, WHO)


def test_a_nonce_grows_old_and_cannot_be_made_up() -> None:
    time = Time()
    challenger, other = Challenger("warroom", time), Challenger("warroom", time)
    old, foreign = proof(asks(challenger)), proof(asks(other))
    time.now += NONCE_S + 1

    assert not challenger.is_right(old, WHO)
    assert not challenger.is_right(foreign, WHO)


def test_no_proof_is_no_proof() -> None:
    assert not Challenger("warroom", Time()).is_right(Message(method="INVITE", uri="sip:a@b"), WHO)


def test_a_proxy_is_answered_in_its_own_header() -> None:
    asked = 'Digest realm="t", nonce="n", qop="auth,auth-int", opaque="o", algorithm=MD5'
    answer = Message(status=407, headers=[("proxy-authenticate", asked)])

    name, value = authorization(answer, "INVITE", "sip:a@b", Credentials("u", "p"))

    assert "proxy-authorization" == name
    assert {"opaque": "o", "qop": "auth", "nc": "00000001"}.items() <= fields_of(value).items()


def test_the_example_of_rfc_2617_without_qop() -> None:
    """RFC 2617, 3.5 has qop; without it RFC 2069's formula gives this known value."""
    asked = (
        'Digest realm="testrealm@host.com", nonce="dcd98b7102dd2f0e8b11d0f600bfb0c093", '
        'opaque="5ccc069c403ebaf9f0171e9517f40e41"'
    )
    answer = Message(status=401, headers=[("www-authenticate", asked)])

    _, value = authorization(
        answer, "GET", "/dir/index.html", Credentials("Mufasa", "Circle Of Life")
    )

    assert "670fd8c2df070c60b045671b8b24ff02" == fields_of(value)["response"]


def test_what_is_no_digest_is_not_answered() -> None:
    answer = Message(status=401, headers=[("www-authenticate", 'Bearer realm="x"')])

    with pytest.raises(NoDigestError):
        authorization(answer, "INVITE", "sip:a@b", WHO)
