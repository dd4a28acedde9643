"""Claims about sessions: what a trunk may do, and what it is answered."""

import asyncio
from collections.abc import Callable

import pytest

from tests.calls.sip.lines import QUICK, SDP, Edge, Line, invite, request
from warroom.calls.sip.agent import Admission
from warroom.calls.sip.digest import Credentials, authorization
from warroom.calls.sip.limits import RateLimit
from warroom.calls.sip.message import Message, parse, respond
from warroom.calls.sip.session import Callbacks

US = ("127.0.0.1", 7000)
LONG_S = QUICK.patience_s * 4


async def until(claim: Callable[[], object]) -> None:
    async with asyncio.timeout(20):
        while not claim():
            await asyncio.sleep(0.005)


def acknowledge(edge: Edge, number: int = 1, body: str = "") -> str:
    return request("ACK", number=number, branch="z9hG4bKack", tag=edge.to_tag(), body=body)


def answered(edge: Edge, **words: object) -> None:
    """A call that stands."""
    edge.hear(invite(**words))
    edge.offered[0].accept(*US)
    edge.hear(acknowledge(edge))


async def test_a_call_is_offered_rings_is_answered_and_ended_by_the_caller() -> None:
    edge = Edge()

    edge.hear(invite())
    edge.offered[0].ring()
    edge.offered[0].accept(*US)
    edge.hear(acknowledge(edge))
    edge.hear(request("BYE", number=2, branch="z9hG4bKb", tag=edge.to_tag()))

    assert [100, 180, 200, 200] == edge.line.statuses
    assert (1, ["remote"]) == (edge.answered, edge.ended)
    assert 0 == len(edge.agent)


async def test_a_repeated_invite_opens_no_second_call_and_is_answered_again() -> None:
    edge = Edge()

    edge.hear(invite())
    edge.offered[0].ring()
    edge.hear(invite())

    assert 1 == len(edge.offered)
    assert [100, 180, 180] == edge.line.statuses


async def test_the_same_invite_by_another_way_is_a_loop() -> None:
    edge = Edge()

    edge.hear(invite())
    edge.hear(invite(branch="z9hG4bKother"))

    assert [100, 482] == edge.line.statuses


async def test_a_success_is_repeated_until_it_is_acknowledged() -> None:
    edge = Edge()
    edge.hear(invite())
    edge.offered[0].accept(*US)

    await until(lambda: edge.line.statuses.count(200) >= 3)
    edge.hear(acknowledge(edge))
    count = len(edge.line.sent)
    await asyncio.sleep(QUICK.t2_s * 4)

    assert count == len(edge.line.sent)
    assert 1 == edge.answered


async def test_who_never_acknowledges_is_hung_up_on() -> None:
    edge = Edge()
    edge.hear(invite())
    edge.offered[0].accept(*US)

    await until(lambda: edge.ended)

    assert ["unacknowledged"] == edge.ended
    assert ["BYE"] == edge.line.requests[:1]


async def test_a_hang_up_before_the_acknowledgement_sends_its_bye_after_it() -> None:
    edge = Edge()
    edge.hear(invite())
    session = edge.offered[0]
    session.accept(*US)

    session.hang_up("agent")
    session.hang_up("again")
    assert (["agent"], []) == (edge.ended, edge.line.requests)
    edge.hear(request("INVITE", number=2, branch="z9hG4bKre", tag=edge.to_tag(), body=SDP))
    edge.hear(request("INFO", number=3, branch="z9hG4bKkey", tag=edge.to_tag()))
    edge.hear(acknowledge(edge))
    edge.hear(acknowledge(edge))

    assert [100, 200, 491, 200] == edge.line.statuses
    assert (["agent"], ["BYE"]) == (edge.ended, edge.line.requests)
    assert (0, 0) == (edge.answered, len(edge.agent))


async def test_a_hang_up_that_is_never_acknowledged_sends_its_bye_at_the_end_of_the_time() -> None:
    edge = Edge()
    edge.hear(invite())
    edge.offered[0].accept(*US)

    edge.offered[0].hang_up("agent")
    await until(lambda: edge.line.requests)

    assert edge.line.statuses.count(200) >= 3
    assert (["agent"], ["BYE"]) == (edge.ended, edge.line.requests[:1])
    assert 0 == len(edge.agent)


async def test_a_hang_up_that_crosses_the_callers_own_sends_no_bye() -> None:
    edge = Edge()
    edge.hear(invite())
    edge.offered[0].accept(*US)

    edge.offered[0].hang_up("agent")
    edge.hear(request("BYE", number=2, branch="z9hG4bKb", tag=edge.to_tag()))
    edge.hear(acknowledge(edge))

    assert [100, 200, 200] == edge.line.statuses
    assert (["agent"], []) == (edge.ended, edge.line.requests)
    assert 0 == len(edge.agent)


async def test_a_call_taken_back_before_the_answer_is_cancelled() -> None:
    edge = Edge()
    edge.hear(invite())
    edge.offered[0].ring()

    edge.hear(request("CANCEL"))

    assert [100, 180, 200, 487] == edge.line.statuses
    assert ["cancelled"] == edge.ended
    assert not edge.offered[0].accept(*US)


async def test_a_cancel_that_crosses_the_answer_leaves_the_call_alone() -> None:
    edge = Edge()
    edge.hear(invite())
    edge.offered[0].accept(*US)

    edge.hear(request("CANCEL"))
    edge.hear(acknowledge(edge))

    assert [100, 200, 200] == edge.line.statuses
    assert (1, []) == (edge.answered, edge.ended)


async def test_a_cancel_of_nothing_is_told_so() -> None:
    edge = Edge()

    edge.hear(request("CANCEL"))

    assert [481] == edge.line.statuses


async def test_the_acknowledgement_of_a_refusal_stops_its_repeats() -> None:
    edge = Edge()
    edge.hear(invite())
    edge.offered[0].refuse(486)
    await until(lambda: edge.line.statuses.count(486) >= 2)

    edge.hear(request("ACK", tag=edge.to_tag()))
    count = len(edge.line.sent)
    await asyncio.sleep(QUICK.t2_s * 3)

    assert count == len(edge.line.sent)
    assert ["refused 486"] == edge.ended


async def test_hold_and_resume_are_answered_and_told() -> None:
    edge = Edge()
    answered(edge)
    tag = edge.to_tag()
    for number, direction in ((2, "sendonly"), (3, "sendrecv")):
        text = request(
            "INVITE",
            number=number,
            branch=f"z9hG4bK{number}",
            tag=tag,
            body=SDP.replace("sendrecv", direction),
        )
        edge.hear(text)
        edge.hear(request("ACK", number=number, branch=f"z9hG4bKa{number}", tag=tag))

    bodies = [message.body.decode() for message in edge.line.sent if message.status == 200]

    assert ["sendonly", "sendrecv"] == edge.media
    assert ["sendrecv", "recvonly", "sendrecv"] == [
        next(word for word in ("sendrecv", "recvonly") if word in body) for body in bodies
    ]
    versions = [int(body.split("o=warroom ")[1].split()[1]) for body in bodies]
    assert [1, 2, 3] == versions


async def test_an_update_refreshes_without_a_word_about_sound() -> None:
    edge = Edge()
    answered(edge)

    edge.hear(request("UPDATE", number=2, branch="z9hG4bKu", tag=edge.to_tag()))

    assert b"" == edge.line.sent[-1].body
    assert [] == edge.media


async def test_a_change_of_sound_that_we_do_not_speak_leaves_the_call_as_it_was() -> None:
    edge = Edge()
    answered(edge)
    body = SDP.replace("0 8 101", "96 101")

    edge.hear(request("INVITE", number=2, branch="z9hG4bKu", tag=edge.to_tag(), body=body))

    assert 488 == edge.line.statuses[-1]
    assert [] == edge.ended


async def test_requests_out_of_order_are_refused() -> None:
    edge = Edge()
    answered(edge, number=5)

    edge.hear(request("BYE", number=4, branch="z9hG4bKb", tag=edge.to_tag()))

    assert 500 == edge.line.statuses[-1]
    assert [] == edge.ended


async def test_an_invite_without_a_description_gets_our_offer_and_answers_in_its_ack() -> None:
    edge = Edge()
    edge.hear(request("INVITE"))

    edge.offered[0].accept(*US)
    offer = edge.line.sent[-1].body.decode()
    edge.hear(acknowledge(edge, body=SDP))

    assert "RTP/AVP 8 0 101" in offer
    assert ["sendrecv"] == edge.media
    assert 1 == edge.answered


async def test_early_media_describes_our_sound_before_the_answer() -> None:
    edge = Edge()
    edge.hear(invite())

    edge.offered[0].early(*US)
    edge.offered[0].accept(*US)

    early, final = edge.line.sent[-2:]
    assert (183, 200) == (early.status, final.status)
    assert early.body == final.body


async def test_keys_by_info_are_told() -> None:
    edge, keys = Edge(), list[str]()
    answered(edge)
    edge.offered[0].callbacks.on_key = keys.append
    for number, body in ((2, "Signal=1\r\nDuration=160\r\n"), (3, "Signal=#\r\n")):
        kind = "Content-Type: application/dtmf-relay\r\n"
        words = {"number": number, "branch": f"z9hG4bK{number}", "tag": edge.to_tag()}
        edge.hear(request("INFO", extra=kind, body=body, **words))

    assert ["1", "#"] == keys


@pytest.mark.parametrize(
    ("text", "status"),
    [
        (invite(extra="Require: nothing-we-know\r\n"), 420),
        (invite(uri="nobody:knows"), 416),
        (invite(extra="Content-Encoding: gzip\r\n"), 415),
        (request("INVITE", body="x", extra="Content-Type: text/plain\r\n"), 415),
        (request("INVITE", body=SDP.replace("0 8 101", "96")), 488),
        (invite(extra="Supported: timer\r\nSession-Expires: 30\r\n"), 422),
        (request("REGISTER", uri="sip:warroom"), 405),
        (request("NEWMETHOD", uri="sip:warroom"), 501),
        (request("BYE"), 481),
        (request("BYE", tag="nobody"), 481),
        (invite(tag="nobody"), 481),
        (request("OPTIONS", uri="sip:112@warroom"), 200),
    ],
)
async def test_what_cannot_be_is_refused_with_its_reason(text: str, status: int) -> None:
    edge = Edge()

    edge.hear(text)

    assert [status] == edge.line.statuses
    assert [] == edge.offered


async def test_strangers_may_not_call() -> None:
    edge = Edge(Admission(is_known=False))

    edge.hear(invite())

    assert ([403], []) == (edge.line.statuses, edge.offered)


async def test_a_trunk_that_must_prove_itself_is_asked_and_then_believed() -> None:
    who = Credentials("trunk", "rahasia")
    edge = Edge(Admission(is_known=True, credentials=who))
    edge.hear(invite())
    name, value = authorization(edge.line.sent[-1], "INVITE", "urn:service:sos", who)

    edge.hear(invite(number=2, branch="z9hG4bK2", extra=f"{name}: {value}\r\n"))

    assert [401, 100] == edge.line.statuses
    assert 1 == len(edge.offered)


async def test_a_full_centre_says_when_to_try_again() -> None:
    edge = Edge()
    edge.agent.refusing = 503

    edge.hear(invite())

    assert (503, "5") == (edge.line.sent[-1].status, edge.line.sent[-1].get("retry-after"))


async def test_a_caller_who_refreshes_is_told_that_it_does_and_missed_when_it_stops() -> None:
    edge = Edge()
    edge.hear(invite(extra="Supported: timer\r\nSession-Expires: 1800;refresher=uac\r\n"))
    session = edge.offered[0]
    session.interval.seconds = 0.05  # type: ignore[assignment]
    session.accept(*US)
    told = edge.line.sent[-1]
    edge.hear(acknowledge(edge))

    await until(lambda: edge.ended)

    assert "timer" == told.get("require")
    assert told.get("session-expires").endswith("refresher=uac")
    assert ["expired"] == edge.ended


async def test_we_refresh_for_a_caller_that_cannot() -> None:
    edge = Edge()
    edge.hear(invite(extra="Session-Expires: 1800\r\nAllow: UPDATE\r\n"))
    session = edge.offered[0]
    session.interval.seconds = 0.05  # type: ignore[assignment]
    session.accept(*US)
    edge.hear(acknowledge(edge))

    await until(lambda: "UPDATE" in edge.line.requests)
    update = next(message for message in edge.line.sent if message.method == "UPDATE")
    edge.stack.receive(respond(update, 200).to_bytes(), edge.line)

    assert update.get("session-expires").endswith("refresher=uac")
    assert [] == edge.ended


async def test_a_session_goes_on_in_another_process() -> None:
    edge, heir = Edge(), Edge()
    answered(edge)
    state = edge.offered[0].state()

    session = heir.agent.restore(state, heir.line)
    heir.listen(session)
    heir.hear(request("BYE", number=2, branch="z9hG4bKb", tag=edge.to_tag()))

    assert [200] == heir.line.statuses
    assert ["remote"] == heir.ended


async def test_an_answer_that_died_with_its_process_is_said_again_when_they_ask_again() -> None:
    edge, heir = Edge(), Edge()
    edge.hear(invite())
    edge.offered[0].accept(*US)
    said = edge.line.sent[-1]
    session = heir.agent.restore(edge.offered[0].state(), heir.line)
    heir.listen(session)

    heir.hear(invite())
    heir.hear(invite())
    again = heir.line.sent[0]
    heir.hear(acknowledge(edge))
    heir.hear(invite(branch="z9hG4bKother"))
    heir.hear(request("BYE", number=2, branch="z9hG4bKb", tag=edge.to_tag()))

    assert (said.status, again.status, again.recipient.tag, again.body) == (
        200, 200, edge.to_tag(), said.body,
    )  # fmt: skip
    assert heir.line.statuses[-2:] == [482, 200]
    assert (heir.offered, heir.ended) == ([], ["remote"])


class Call:
    """A call of ours, and what it told."""

    def __init__(self, edge: Edge, who: Credentials | None = None) -> None:
        self.edge, self.told = edge, list[str]()
        self.session = edge.agent.call(
            "sip:0811@127.0.0.1",
            edge.line,
            "<sip:112@warroom>",
            US,
            Callbacks(
                on_media=lambda _: self.told.append("media"),
                on_progress=lambda status: self.told.append(str(status)),
                on_answer=lambda: self.told.append("answer"),
                on_end=self.told.append,
            ),
            who,
        )

    @property
    def newest_invite(self) -> Message:
        return next(m for m in reversed(self.edge.line.sent) if m.method == "INVITE")

    def hear(self, status: int, tag: str = "t1", body: str = "", **headers: str) -> None:
        answer = respond(
            self.newest_invite,
            status,
            tag=tag,
            headers=[("contact", "<sip:them@127.0.0.1:5090>"), *headers.items()],
            body=body.encode(),
        )
        self.edge.stack.receive(answer.to_bytes(), self.edge.line)


async def test_our_call_rings_is_answered_and_hung_up() -> None:
    edge = Edge()
    call = Call(edge)

    call.hear(100)
    call.hear(180)
    call.hear(200, body=SDP)
    call.session.hang_up()

    assert ["180", "media", "answer", "local"] == call.told
    assert ["INVITE", "ACK", "BYE"] == edge.line.requests
    assert "sip:them@127.0.0.1:5090" == edge.line.sent[-1].uri


async def test_a_repeated_success_is_acknowledged_again() -> None:
    edge = Edge()
    call = Call(edge)

    call.hear(200, body=SDP)
    call.hear(200, body=SDP)

    assert ["INVITE", "ACK", "ACK"] == edge.line.requests
    assert 1 == call.told.count("answer")


async def test_a_second_place_that_answers_is_hung_up_on() -> None:
    edge = Edge()
    call = Call(edge)

    call.hear(200, body=SDP)
    call.hear(200, tag="t2", body=SDP)

    assert ["INVITE", "ACK", "ACK", "BYE"] == edge.line.requests
    assert "t2" == edge.line.sent[-1].recipient.tag


async def test_a_refusal_is_acknowledged_and_told() -> None:
    edge = Edge()
    call = Call(edge)

    call.hear(486)

    assert ["refused 486"] == call.told
    assert ["INVITE", "ACK"] == edge.line.requests


async def test_a_trunk_that_asks_who_we_are_is_told_once() -> None:
    edge = Edge()
    call = Call(edge, Credentials("warroom", "rahasia"))
    asked = 'Digest realm="t", nonce="n", qop="auth", algorithm=SHA-256'

    call.hear(401, **{"www-authenticate": asked})
    proved = call.newest_invite
    call.hear(401, **{"www-authenticate": asked})

    assert 2 == proved.cseq[0]
    assert proved.get("authorization").startswith("Digest ")
    assert ["refused 401"] == call.told


async def test_a_call_taken_back_while_it_rings_is_cancelled() -> None:
    edge = Edge()
    call = Call(edge)
    call.hear(180)

    edge.agent.give_up(call.session)
    call.hear(487)

    assert ["180", "cancelled"] == call.told
    cancel = next(message for message in edge.line.sent if message.method == "CANCEL")
    assert call.newest_invite.via == cancel.via


async def test_a_call_taken_back_before_it_rings_is_cancelled_when_it_does() -> None:
    edge = Edge()
    call = Call(edge)

    edge.agent.give_up(call.session)
    assert "CANCEL" not in edge.line.requests
    call.hear(100)

    assert "CANCEL" in edge.line.requests


async def test_an_answer_that_crosses_our_cancel_is_hung_up_on() -> None:
    edge = Edge()
    call = Call(edge)
    call.hear(180)

    edge.agent.give_up(call.session)
    call.hear(200, body=SDP)

    assert ["ACK", "BYE"] == edge.line.requests[-2:]
    assert "cancelled" == call.told[-1]


async def test_a_trunk_that_does_not_answer_is_given_up() -> None:
    edge = Edge()
    call = Call(edge)

    await until(lambda: call.told)

    assert ["refused 408"] == call.told
    assert edge.line.requests.count("INVITE") > 3


async def test_a_closed_way_is_told_at_once() -> None:
    edge = Edge()
    edge.line = Line(is_closed=True)
    call = Call(edge)

    await until(lambda: call.told)

    assert ["refused 503"] == call.told


async def test_options_ask_whether_a_trunk_is_there() -> None:
    edge = Edge()
    asking = asyncio.ensure_future(edge.agent.ping("sip:t", edge.line, "<sip:112@warroom>"))
    await until(lambda: edge.line.sent)

    edge.stack.receive(respond(edge.line.sent[0], 200, tag="t").to_bytes(), edge.line)

    assert 200 == await asking


async def test_our_own_failure_is_told_to_the_other_side_and_counted() -> None:
    edge = Edge()
    edge.agent._on_invite = lambda _: 1 / 0  # type: ignore[assignment, return-value]

    edge.hear(invite())

    assert (1, 500) == (edge.stack.counts.failed, edge.line.statuses[-1])


async def test_who_asks_too_much_is_not_heard_for_a_while() -> None:
    edge = Edge()
    edge.stack._limit = RateLimit(1, 2, lambda: 0.0)

    for number in range(5):
        edge.hear(request("OPTIONS", branch=f"z9hG4bK{number}"))
    edge.hear(request("OPTIONS"), Line(peer=("127.0.0.2", 5060)))

    assert [200, 200] == edge.line.statuses
    assert (6, 3) == (edge.stack.counts.received, edge.stack.counts.limited)
    await edge.stack.close()


async def test_malformed_requests_are_answered_and_counted() -> None:
    edge = Edge()

    edge.hear(invite().replace("CSeq: 1 INVITE", "CSeq: 1 BYE"))
    edge.hear("nonsense")

    assert [400] == edge.line.statuses
    assert 2 == edge.stack.counts.refused


def test_messages_of_the_test_network_can_be_read() -> None:
    assert "INVITE" == parse(invite().encode()).method
