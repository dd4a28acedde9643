"""Claims about single parts of the edge, without a trunk."""

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.calls.sip.lines import Edge, Line, invite
from warroom.calls.edge.agents import Agents
from warroom.calls.edge.media import hearing
from warroom.calls.edge.outgoing import checked_number
from warroom.calls.edge.trunks import Trunks, seal
from warroom.calls.errors import NoAgentError, NumberError
from warroom.calls.settings import CallSettings, Trunk
from warroom.calls.sip.message import Message, respond
from warroom.kernel.secrets import SealBrokenError, Sealer
from warroom.kernel.settings import Configuration

SEALER = Sealer(bytes(32))


def test_who_hears_whom_when_somebody_listens_whispers_or_barges_in() -> None:
    parties = ["caller", "agent", "third"]

    listens = hearing(parties, {"s": "listen"})
    whispers = hearing(parties, {"s": "whisper"})
    barges = hearing(parties, {"s": "barge"})

    everybody = frozenset(parties)
    assert everybody == listens["s"] == whispers["s"] == barges["s"]
    assert {"caller": {"agent", "third"}, "agent": {"caller", "third"}} == {
        name: set(listens[name]) for name in ("caller", "agent")
    }
    assert ["agent"] == [name for name in parties if "s" in whispers[name]]
    assert parties == [name for name in parties if "s" in barges[name]]


def test_nobody_hears_themselves() -> None:
    for way in ("listen", "whisper", "barge"):
        for name, others in hearing(["caller", "agent"], {"s": way}).items():
            assert name not in others


@pytest.mark.parametrize("text", ["112", "0411-123 456", "+62 (811) 444"])
def test_a_number_may_be_written_to_be_read(text: str) -> None:
    assert checked_number(text).lstrip("+").isdigit()


@pytest.mark.parametrize("text", ["", "1", "sip:a@b", "0811;user=x", "08\r\n11", "9" * 21, "+"])
def test_nothing_but_a_number_is_called(text: str) -> None:
    with pytest.raises(NumberError):
        checked_number(text)


def test_a_trunk_is_known_by_its_address_and_may_have_to_prove_itself() -> None:
    secret = seal(SEALER, "t", "rahasia")
    open_ = Trunk(name="o", addresses=["192.0.2.0/24"])
    proving = Trunk(name="t", addresses=["198.51.100.7"], user="u", secret=secret, proves=True)
    trunks = Trunks([open_, proving], SEALER)

    def admitted(host: str) -> tuple[bool, bool]:
        found = trunks.admit(Message(), Line(peer=(host, 5060)))
        return found.is_known, found.credentials is not None

    assert (True, False) == admitted("192.0.2.9")
    assert (True, False) == admitted("::ffff:192.0.2.9")
    assert (True, True) == admitted("198.51.100.7")
    assert (False, False) == admitted("127.0.0.1")
    assert "rahasia" not in repr(proving)


def test_without_a_trunk_this_machine_alone_may_call() -> None:
    trunks = Trunks([], SEALER)

    assert trunks.of("127.0.0.9")
    assert not trunks.of("192.0.2.9")
    assert [] == trunks.outgoing()


def test_a_password_is_bound_to_its_trunk() -> None:
    stolen = Trunk(name="other", user="u", secret=seal(SEALER, "t", "rahasia"))

    with pytest.raises(SealBrokenError):
        Trunks([stolen], SEALER)


@pytest.mark.parametrize(
    ("uri", "transport", "peer"),
    [
        ("sip:h:5070;transport=tcp", "TCP", ("h", 5070)),
        ("sip:h", "UDP", ("h", 5060)),
        ("sips:h", "TLS", ("h", 5061)),
    ],
)
def test_a_trunk_says_how_it_is_reached(uri: str, transport: str, peer: tuple[str, int]) -> None:
    (line,) = Trunks([Trunk(name="t", uri=uri)], SEALER).lines

    assert (transport, peer) == (line.transport, line.peer)
    assert f"sip:0811@{peer[0]}:{peer[1]};user=phone" == line.address_of("0811")


def test_trunks_are_read_from_the_settings_and_not_shown() -> None:
    configuration = Configuration(
        {"calls": {"trunks": [{"name": "telkom", "addresses": ["10.0.0.0/8"], "secret": "s3"}]}}, {}
    )

    assert "telkom" == configuration.section(CallSettings).trunks[0].name
    assert "s3" not in json.dumps(configuration.shown([CallSettings]))


class Leg:
    on_rtp = on_key = None
    silent_s = 0.0
    is_open = True
    lives = True

    async def answer(self, offer: str) -> str:
        return offer

    def send(self, payload: bytes, rtp_time: int, source: int) -> None: ...

    def alive(self) -> bool:
        return self.lives

    async def close(self) -> None: ...


@pytest.mark.parametrize(
    ("change", "count"),
    [
        (lambda agent: None, 1),
        (lambda agent: setattr(agent, "is_paused", True), 0),
        (lambda agent: setattr(agent, "call", "c"), 0),
        (lambda agent: setattr(agent, "wrap_until", 11.0), 0),
        (lambda agent: setattr(agent.leg, "is_open", False), 0),
        (lambda agent: setattr(agent.leg, "lives", False), 0),
        (lambda agent: setattr(agent, "leg", None), 0),
    ],
)
def test_only_who_can_talk_now_is_free(change: Callable[[object], None], count: int) -> None:
    agents = Agents(lambda: 10.0)
    agent = agents.sign_in("a")
    agent.leg = Leg()

    change(agent)

    assert count == len(agents.free(set()))
    assert [] == agents.free({"a"})


def test_who_did_not_sign_in_cannot_talk() -> None:
    agents = Agents(lambda: 10.0)
    agents.sign_in("a")

    for name in ("a", "b"):
        with pytest.raises(NoAgentError):
            agents.get_there(name)


async def test_what_comes_while_sessions_are_restored_is_taken_then() -> None:
    edge = Edge()
    edge.stack.hold()

    edge.hear(invite())
    assert [] == edge.offered
    edge.stack.release()

    assert 1 == len(edge.offered)


@pytest.mark.parametrize(("status", "ended"), [(200, []), (481, ["lost"]), (408, ["lost"])])
async def test_a_trunk_is_asked_whether_a_silent_call_still_stands(
    status: int, ended: list[str]
) -> None:
    edge = Edge()
    edge.hear(invite())
    edge.offered[0].accept("127.0.0.1", 7000)

    edge.offered[0].probe()
    probe = edge.line.sent[-1]
    edge.stack.receive(respond(probe, status).to_bytes(), edge.line)

    assert "OPTIONS" == probe.method
    assert ended == edge.ended
    await edge.stack.close()


def test_the_settings_name_no_password_in_the_clear(tmp_path: Path) -> None:
    assert "password" not in CallSettings.__dataclass_fields__
