"""Webhooks from the outbox to a real receiver: signed, in order, narrowed, and patient."""

import asyncio
from dataclasses import dataclass, replace
from typing import Any
from uuid import UUID

import psycopg
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.hub.receiver import receiving
from warroom.app import wiring
from warroom.hub import api, rules
from warroom.hub.contracts import KINDS
from warroom.hub.errors import KindNotAllowedError, UnknownKindError
from warroom.identity import api as identity
from warroom.kernel import outbox
from warroom.kernel.clock import FixedClock
from warroom.kernel.db import Database
from warroom.kernel.errors import NotFoundError
from warroom.kernel.ids import new_id
from warroom.kernel.outbound import ForbiddenTargetError, Outbound, OutboundSettings
from warroom.kernel.postgres import Connections
from warroom.kernel.scope import Rule, Scope
from warroom.kernel.secrets import Sealer
from warroom.kernel.settings import Configuration

STATE = "camera.state_changed"


@dataclass
class World:
    """Two agencies, a program of the first, and what sends to its endpoints."""

    db: Database
    clock: FixedClock
    own: UUID
    other: UUID
    application: UUID
    services: dict[type, Any]
    connections: Connections

    @property
    def scope(self) -> Scope:
        return identity.system_scope("test", self.clock, door="cli")

    @property
    def sender(self) -> api.Sender:
        sender: api.Sender = self.services[api.Sender]
        return sender

    async def webhook(self, url: str, *kinds: str) -> tuple[UUID, str]:
        webhooks: api.Webhooks = self.services[api.Webhooks]
        async with self.db.transaction(self.scope) as tx:
            return await webhooks.create(
                self.scope,
                tx,
                application_id=self.application,
                name="peta",
                url=url,
                kinds=list(kinds or (STATE,)),
            )

    async def happen(
        self, *bodies: Any, agency: UUID | None = None, camera: UUID | None = None
    ) -> UUID:
        """Lets the same camera have these states, one after another."""
        camera = camera or new_id()
        for body in bodies:
            async with self.db.transaction(self.scope) as tx:
                await outbox.publish(
                    tx,
                    "cameras.state",
                    {"id": camera, "state": body},
                    agency_id=agency or self.own,
                    object_id=camera,
                    now=self.clock.now(),
                )
        return camera

    async def run(self) -> None:
        """Collects and sends until nothing is due at this instant."""
        while await api.collect(self.scope, self.db):
            pass
        while await self.sender.send_due():
            await self.sender.settle()

    def log(self) -> list[tuple[Any, ...]]:
        with psycopg.connect(self.connections.superuser) as connection:
            return connection.execute(
                "select state, tries, status, why, body from webhook_delivery order by seq"
            ).fetchall()


@pytest.fixture
def world(
    db: Database, clock: FixedClock, connections: Connections, loop_runner: asyncio.Runner
) -> World:
    async def make() -> World:
        scope = identity.system_scope("test", clock, door="cli")
        async with db.transaction(scope) as tx:
            agencies = await identity.ensure_agencies(
                scope,
                tx,
                [
                    identity.NewAgency("dishub", "Dinas Perhubungan", "Dishub"),
                    identity.NewAgency("police", "Polrestabes", "Polres"),
                ],
            )
            own, other = agencies.values()
            application = await identity.create_application(
                scope, tx, identity.NewApplication(own, "Peta", ("camera:view",))
            )
        outbound = Outbound(OutboundSettings(allow_loopback=True, timeout_s=0.5))
        standing = identity.system_scope("webhooks", clock)
        services = api.services(
            Configuration({}, {}), db, clock, standing, Sealer(b"k" * 32), outbound
        )
        await api.collect(scope, db)  # from now on
        return World(db, clock, own, other, application, services, connections)

    return loop_runner.run(make())


async def test_an_event_arrives_signed_and_whole(world: World) -> None:
    async with receiving() as receiver:
        _, secret = await world.webhook(receiver.url())
        camera = await world.happen({"state": "offline"})
        await world.run()

    (got,) = receiver.got
    assert got.is_signed_by(secret)
    assert not got.is_signed_by(rules.secret_text(b"x" * 32))
    assert got.event == {
        "type": STATE,
        "timestamp": "2026-11-24T06:00:00Z",
        "data": {"id": str(camera), "state": {"state": "offline"}},
    }
    assert int(got.headers["webhook-timestamp"]) == int(world.clock.now().timestamp())
    assert world.log() == [("done", 1, 204, None, "")]


async def test_only_subscribed_kinds_and_things_in_reach_are_told(world: World) -> None:
    async with receiving() as receiver:
        await world.webhook(receiver.url(), "camera.changed")
        await world.happen({"state": "late"})
        await world.webhook(receiver.url("/state"))
        await world.happen({"state": "live"}, agency=world.other)
        await world.run()

    assert receiver.got == [] or {got.path for got in receiver.got} == {"/state"}
    assert all(got.event["data"]["state"] != {"state": "live"} for got in receiver.got)


async def test_what_may_no_longer_be_seen_when_it_is_sent_is_withheld(world: World) -> None:
    async with receiving() as receiver:
        await world.webhook(receiver.url())
        await world.happen({"state": "offline"})
        await api.collect(world.scope, world.db)
        async with world.db.transaction(world.scope) as tx:
            await identity.create_grant(
                world.scope,
                tx,
                identity.NewGrant(("camera:view",), "ditutup", to_agency_id=world.own, deny=True),
            )
        await world.run()

    assert receiver.got == []
    assert world.log() == [("withheld", 1, None, None, "")]


async def test_a_failed_delivery_comes_again_with_the_same_id_and_before_what_follows(
    world: World,
) -> None:
    async with receiving() as receiver:
        await world.webhook(receiver.url())
        answers = iter([500, 204, 204])
        receiver.answer = lambda _: next(answers)
        await world.happen(1, 2)
        await world.run()
        first = [got.event["data"]["state"] for got in receiver.got]
        world.clock.advance(7)
        await world.run()

    assert first == [1]
    assert [got.event["data"]["state"] for got in receiver.got] == [1, 1, 2]
    ids = [got.headers["webhook-id"] for got in receiver.got]
    assert ids[0] == ids[1] != ids[2]


@pytest.mark.parametrize(
    ("behaviour", "status", "why"),
    [
        ("close", None, "protocol"),
        ("slow", None, "timeout"),
        ("redirect", 307, None),
        (500, 500, None),
        (404, 404, None),
    ],
)
async def test_whatever_is_no_yes_comes_again(
    world: World, behaviour: int | str, status: int | None, why: str | None
) -> None:
    async with receiving() as receiver:
        await world.webhook(receiver.url())
        receiver.answer = lambda _: behaviour
        await world.happen("x")
        await world.run()

    assert [got.path for got in receiver.got] == ["/hook"]
    ((state, tries, *went, body),) = world.log()
    assert (state, tries, went) == ("pending", 1, [status, why])
    assert body != ""


async def test_a_delivery_is_parked_after_a_day_and_sent_again_when_told(world: World) -> None:
    async with receiving() as receiver:
        webhook_id, _ = await world.webhook(receiver.url())
        receiver.answer = lambda _: 503
        await world.happen("x")
        await world.run()
        tries = 0
        while world.log()[0][0] == "pending" and tries < 40:
            world.clock.advance(4 * 3_600)
            await world.run()
            tries += 1
        parked = world.log()
        receiver.answer = lambda _: 200
        async with world.db.transaction(world.scope) as tx:
            number = await world.services[api.Webhooks].resend(world.scope, tx, webhook_id)
        world.clock.advance(600)
        await world.run()

    assert parked[0][0] == "parked"
    assert number == 1
    assert world.log()[0][0] == "done"


async def test_a_dead_endpoint_delays_no_other(world: World) -> None:
    """The dead one says nothing until its time is over; the other has everything before that."""
    async with receiving() as dead, receiving() as good:
        await world.webhook(dead.url())
        await world.webhook(good.url())
        dead.answer = lambda _: "slow"
        for number in range(3):
            await world.happen(number)
        while await api.collect(world.scope, world.db):
            pass
        assert await world.sender.send_due() == 2
        async with asyncio.timeout(20):
            while len(good.got) < 3:
                await asyncio.sleep(0.01)
        seen_of_dead = len(dead.got)
        await world.sender.settle()

    assert seen_of_dead == 1
    assert [got.event["data"]["state"] for got in good.got] == [0, 1, 2]


async def test_an_endpoint_that_keeps_failing_is_left_alone_for_a_while(world: World) -> None:
    async with receiving() as receiver:
        webhook_id, _ = await world.webhook(receiver.url())
        receiver.answer = lambda _: 500
        for number in range(6):
            await world.happen(number)
        await world.run()
        at_once = len(receiver.got)
        await world.run()
        listed = await _listed(world)

    assert at_once == len(receiver.got) == 3
    assert listed[0]["failures"] == 3
    assert listed[0]["paused_until"] is not None
    assert listed[0]["id"] == str(webhook_id)


async def _listed(world: World) -> list[dict[str, Any]]:
    import msgspec

    async with world.db.transaction(world.scope) as tx:
        page = msgspec.json.decode(await api.list_webhooks(world.scope, tx))
    items: list[dict[str, Any]] = page["items"]
    return items


async def test_during_a_rotation_both_secrets_sign_and_then_the_new_one_alone(
    world: World,
) -> None:
    from datetime import timedelta

    async with receiving() as receiver:
        webhook_id, old = await world.webhook(receiver.url())
        async with world.db.transaction(world.scope) as tx:
            new = await world.services[api.Webhooks].rotate(
                world.scope, tx, webhook_id, timedelta(hours=1)
            )
        await world.happen("during")
        await world.run()
        world.clock.advance(3_601)
        await world.happen("after")
        await world.run()

    during, after = receiver.got
    assert (during.is_signed_by(old), during.is_signed_by(new)) == (True, True)
    assert (after.is_signed_by(old), after.is_signed_by(new)) == (False, True)


async def test_a_process_that_dies_over_a_delivery_leaves_it_to_the_next(world: World) -> None:
    from warroom.hub import store

    async with receiving() as receiver:
        webhook_id, _ = await world.webhook(receiver.url())
        await world.happen("x")
        await api.collect(world.scope, world.db)
        async with world.db.transaction(world.scope) as tx:
            taken = await store.take_deliveries(world.scope, tx, webhook_id, 10)
        await world.run()
        meanwhile = len(receiver.got)
        world.clock.advance(61)
        await world.run()

    assert (len(taken), meanwhile, len(receiver.got)) == (1, 0, 1)


async def test_events_beyond_the_room_are_lost_and_counted(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    from warroom.hub import collect as collecting

    monkeypatch.setattr(collecting, "MOST_PENDING", 2)
    async with receiving() as receiver:
        await world.webhook(receiver.url())
        await world.happen(1, 2, 3, 4)
        await api.collect(world.scope, world.db)

    listed = await _listed(world)
    assert (listed[0]["pending"], listed[0]["lost"]) == (2, 2)


async def test_a_test_is_signed_and_tells_how_it_went(world: World) -> None:
    async with receiving() as receiver:
        webhook_id, secret = await world.webhook(receiver.url())
        went = await _test(world, webhook_id)
        receiver.answer = lambda _: 500
        failed = await _test(world, webhook_id)

    assert (went["ok"], went["status"], failed["ok"], failed["status"]) == (True, 204, False, 500)
    assert receiver.got[0].is_signed_by(secret)
    assert receiver.got[0].event["type"] == "webhook.test"
    assert world.log() == []


async def _test(world: World, webhook_id: UUID) -> dict[str, Any]:
    async with world.db.transaction(world.scope) as tx:
        endpoint = await world.services[api.Webhooks].endpoint_to_test(world.scope, tx, webhook_id)
    return await api.send_test(world.sender, endpoint, world.scope)


async def test_the_sender_runs_by_itself_while_it_is_entered(world: World) -> None:
    async with receiving() as receiver:
        await world.webhook(receiver.url())
        await world.happen("x")
        await api.collect(world.scope, world.db)
        async with world.sender, asyncio.timeout(20):
            while not receiver.got:
                await asyncio.sleep(0.02)

    assert len(receiver.got) == 1


async def test_what_a_webhook_may_not_be(world: World) -> None:
    webhooks: api.Webhooks = world.services[api.Webhooks]
    strict = replace(webhooks, outbound=Outbound(OutboundSettings()))

    async def make(part: api.Webhooks, scope: Scope, url: str, kind: str) -> None:
        async with world.db.transaction(scope) as tx:
            await part.create(
                scope, tx, application_id=world.application, name="x", url=url, kinds=[kind]
            )

    good = "https://10.20.4.31/hook"
    stranger = replace(
        world.scope,
        rules=(Rule(frozenset({"*"}), agencies=frozenset({world.other})),),
    )
    with pytest.raises(UnknownKindError):
        await make(webhooks, world.scope, good, "camera.exploded")
    with pytest.raises(KindNotAllowedError):
        await make(webhooks, world.scope, good, "recording.hold_changed")
    with pytest.raises(ForbiddenTargetError):
        await make(strict, world.scope, "https://169.254.169.254/", STATE)
    with pytest.raises(ForbiddenTargetError):
        await make(strict, world.scope, "https://127.0.0.1/", STATE)
    with pytest.raises(NotFoundError):
        await make(webhooks, stranger, good, STATE)


def test_every_kind_is_made_of_a_topic_of_the_application_with_its_action() -> None:
    topics = {topic.name: topic.action for topic in wiring.TOPICS}

    assert {kind.topic: kind.action for kind in KINDS}.items() <= topics.items()


def test_the_signature_is_the_one_of_the_standards_example() -> None:
    """Standard Webhooks, reference libraries: the known secret, message and signature."""
    import base64

    secret = base64.b64decode("MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw")

    signed = rules.signature(
        [secret], "msg_p5jXN8AQM9LWM0D4loKWxJek", 1614265330, b'{"test": 2432232314}'
    )

    assert signed == "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="


@given(tries=st.integers(1, 200), chance=st.floats(0, 1))
def test_pauses_grow_and_are_bounded(tries: int, chance: float) -> None:
    pause = rules.pause_s(tries, chance)

    assert 4 <= pause <= 1.2 * rules.LONGEST_PAUSE_S + 1e-6
    assert rules.pause_s(tries + 2, 0) >= min(
        rules.pause_s(tries, chance), 0.8 * rules.LONGEST_PAUSE_S
    )
