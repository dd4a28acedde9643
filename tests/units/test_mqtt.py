"""Positions from a broker: a real one (Debian's mosquitto), started for each test."""

import asyncio
import json
import shutil
import socket
import subprocess
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Sequence
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from ipaddress import ip_address
from pathlib import Path
from typing import Any

import aiomqtt
import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.x509.oid import NameOID

from tests.cameras.world import EVERYTHING
from tests.units.world import World
from warroom.kernel.settings import SettingsError
from warroom.units import mqtt
from warroom.units.contracts import Fix, Verdict
from warroom.units.errors import BadFixError, NotTakenError
from warroom.units.ingest import Tracker
from warroom.units.mqtt import Receiver, Topics, problem_of, read_message
from warroom.units.settings import MqttSettings

MOSQUITTO = shutil.which("mosquitto") or shutil.which("mosquitto", path="/usr/sbin")
with_broker = pytest.mark.skipif(MOSQUITTO is None, reason="mosquitto is not installed")


class Broker:
    """A mosquitto on a port of its own; `stop` and `start` as often as wanted."""

    def __init__(self, folder: Path, more: str = "") -> None:
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            self.port: int = probe.getsockname()[1]
        passwords = folder / "passwords"
        # Debian's mosquitto gives its rights up when it is started as root.
        folder.chmod(0o755)
        passwords.write_text("warroom:benar\n")
        subprocess.run(["mosquitto_passwd", "-U", str(passwords)], check=True)
        passwords.chmod(0o644)
        self._settings = folder / "mosquitto.conf"
        self._settings.write_text(
            f"listener {self.port} 127.0.0.1\nallow_anonymous false\n"
            f"password_file {passwords}\nuser root\nlog_type error\n{more}"
        )
        self._process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        assert MOSQUITTO is not None
        self._process = subprocess.Popen([MOSQUITTO, "-c", str(self._settings)])
        for _ in range(400):
            try:
                socket.create_connection(("127.0.0.1", self.port), 1).close()
            except OSError:
                time.sleep(0.05)
            else:
                return
        raise AssertionError("mosquitto does not listen")

    def stop(self) -> None:
        if self._process is not None:
            self._process.terminate()
            self._process.wait()
            self._process = None


@pytest.fixture
def broker(tmp_path: Path) -> Iterator[Broker]:
    folder = tmp_path / "mosquitto"
    folder.mkdir()
    made = Broker(folder)
    made.start()
    yield made
    made.stop()


@asynccontextmanager
async def hearing(
    world: World, broker: Broker, holder: str = "one", **more: Any
) -> AsyncIterator[Receiver]:
    given = {"host": "127.0.0.1", "port": broker.port, "username": "warroom", "password": "benar"}
    settings = MqttSettings(**{**given, "client_id": f"warroom-{holder}", **more})
    receiver = Receiver(world.db, world.clock, EVERYTHING, settings, world.tracker, holder)
    async with world.tracker, receiver:
        yield receiver


async def until(true: Callable[[], bool | Awaitable[bool]], within_s: float = 60.0) -> None:
    async with asyncio.timeout(within_s):
        while True:
            found = true()
            if found if isinstance(found, bool) else await found:
                return
            await asyncio.sleep(0.02)


def state_is(receiver: Receiver, wanted: str) -> Callable[[], bool]:
    return lambda: receiver.as_json()["state"] == wanted


async def say(broker: Broker, *messages: tuple[str, bytes]) -> None:
    client = aiomqtt.Client("127.0.0.1", broker.port, username="warroom", password="benar")
    async with client:
        for topic, payload in messages:
            await client.publish(topic, payload, qos=1)


def fix(world: World, seconds: float = 0.0, **more: Any) -> bytes:
    body = {
        "_type": "location",
        "lat": 0.0,
        "lon": 119.402,
        "vel": 36,
        "tst": int((world.clock.now() + timedelta(seconds=seconds)).timestamp()),
        **more,
    }
    return json.dumps(body).encode()


async def position(world: World) -> dict[str, Any] | None:
    unit = (await world.listed(EVERYTHING))["items"][0]
    found: dict[str, Any] | None = unit["position"]
    return found


@with_broker
async def test_a_vehicle_that_publishes_is_where_it_says(world: World, broker: Broker) -> None:
    await world.add()
    async with hearing(world, broker) as receiver:
        await until(state_is(receiver, "connected"))
        await say(broker, ("owntracks/damkar/gps-1", fix(world)))
        await until(lambda: receiver.counts["kept"] == 1)
        told = receiver.as_json()

    found = await position(world)
    assert found is not None
    assert (found["lon"], found["kmh"], found["road"]) == (119.402, 36.0, "Jl. Lurus")
    assert told["heard_at"] == world.clock.now()
    assert told["broker"] == f"127.0.0.1:{broker.port}"
    assert "benar" not in json.dumps(told, default=str)
    assert receiver.as_json()["state"] == "off"


@with_broker
async def test_plain_json_and_the_json_of_traccar_are_taken(world: World, broker: Broker) -> None:
    await world.add()
    plain = json.dumps({"lat": 0.0, "lon": 119.403}).encode()
    at = (world.clock.now() + timedelta(seconds=9)).isoformat()
    coords = {"latitude": 0.0, "longitude": 119.404, "speed": 10}
    traccar = json.dumps({"location": {"timestamp": at, "coords": coords}}).encode()
    async with hearing(world, broker) as receiver:
        await until(state_is(receiver, "connected"))
        await say(broker, ("warroom/units/gps-1", plain))
        await until(lambda: receiver.counts["kept"] == 1)
        await say(broker, ("warroom/units/gps-1", traccar))
        await until(lambda: receiver.counts["kept"] == 2)

    found = await position(world)
    assert found is not None
    assert (found["lon"], found["kmh"]) == (119.404, 36.0)


@with_broker
async def test_a_bad_message_harms_no_other(world: World, broker: Broker) -> None:
    await world.add()
    bad = [
        b"", b"{", b"\xff\xfe\x00", b"[1, 2]", b'"text"', b"null", b"9" * 400, b"x" * (70 << 10),
        b'{"lat": 1e999, "lon": "a", "_type": "location"}', b'{"_type": "location"}',
        b'{"coords": 1}', b'{"location": {"coords": [1]}}', b"[" * 60_000,
    ]  # fmt: skip
    async with hearing(world, broker) as receiver:
        await until(state_is(receiver, "connected"))
        await say(broker, *[("owntracks/x/gps-1", one) for one in bad])
        await say(
            broker,
            ("owntracks/x/gps-1", b'{"_type": "lwt", "tst": 1}'),
            ("owntracks/x/gps-9", fix(world)),
            ("owntracks/x/gps 1'; drop", fix(world)),
            ("owntracks/x/gps-1", fix(world, 86_400.0)),
            ("owntracks/x/gps-1", fix(world)),
        )
        await until(lambda: receiver.counts["kept"] == 1)
        await until(lambda: receiver.counts.total() == len(bad) + 5)
        assert receiver.as_json()["state"] == "connected"

    assert receiver.counts == {
        "unreadable": len(bad), "not_a_position": 1, "unknown_device": 2, "future": 1, "kept": 1,
    }  # fmt: skip


@with_broker
async def test_it_comes_back_when_the_broker_does_and_says_so(
    world: World, broker: Broker, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("warroom.units.mqtt.PAUSES_S", (0.1, 0.2))
    await world.add()
    async with hearing(world, broker) as receiver:
        await until(state_is(receiver, "connected"))
        broker.stop()
        await until(state_is(receiver, "waiting"))
        away = receiver.as_json()
        broker.start()
        await until(state_is(receiver, "connected"))
        await say(broker, ("owntracks/damkar/gps-1", fix(world)))
        await until(lambda: receiver.counts["kept"] == 1)

    assert away["problem"] == "unreachable"
    assert away["again_at"] is not None


@with_broker
async def test_a_wrong_password_is_told_and_tried_again(
    world: World, broker: Broker, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("warroom.units.mqtt.PAUSES_S", (0.1,))
    async with hearing(world, broker, password="salah") as receiver:
        await until(lambda: receiver.as_json()["problem"] == "refused_login")

        assert "salah" not in json.dumps(receiver.as_json(), default=str)


@with_broker
async def test_one_process_hears_and_another_stands_by(world: World, broker: Broker) -> None:
    await world.add()
    async with hearing(world, broker) as first:
        await until(state_is(first, "connected"))
        settings = MqttSettings(host="127.0.0.1", port=broker.port, client_id="other")
        second = Receiver(world.db, world.clock, EVERYTHING, settings, world.tracker, "two")
        async with second:
            await until(state_is(second, "standby"))
            await say(broker, ("owntracks/damkar/gps-1", fix(world)))
            await until(lambda: first.counts["kept"] == 1)

    assert second.counts.total() == 0


@with_broker
async def test_what_comes_while_it_is_away_is_kept_by_the_broker(
    world: World, broker: Broker
) -> None:
    await world.add()
    async with hearing(world, broker) as receiver:
        await until(state_is(receiver, "connected"))
    await say(broker, ("owntracks/damkar/gps-1", fix(world)))

    async with hearing(world, broker) as receiver:
        await until(lambda: receiver.counts["kept"] == 1)


class Slow:
    """Holds positions back until it is let go, or says that they cannot be stored."""

    def __init__(self, tracker: Tracker) -> None:
        self._take = tracker.take_judged
        self.go, self.is_away, self.asked = asyncio.Event(), False, 0
        tracker.take_judged = self.take_judged  # type: ignore[method-assign]

    async def take_judged(self, device: str, fixes: Sequence[Fix]) -> list[Verdict]:
        self.asked += 1
        await self.go.wait()
        if self.is_away:
            raise NotTakenError
        return await self._take(device, fixes)


@with_broker
async def test_a_message_is_acknowledged_when_it_is_stored_and_not_before(
    world: World, tmp_path: Path
) -> None:
    await world.add()
    (tmp_path / "one").mkdir()
    # It sends the second when the first was acknowledged.
    broker = Broker(tmp_path / "one", more="max_inflight_messages 1\n")
    broker.start()
    try:
        async with hearing(world, broker) as receiver:
            slow = Slow(world.tracker)
            await until(state_is(receiver, "connected"))
            await say(broker, *(("owntracks/damkar/gps-1", fix(world, s)) for s in (-2, -1)))
            await until(lambda: slow.asked == 1)
            await asyncio.sleep(0.5)
            assert (slow.asked, receiver.counts.total()) == (1, 0)

            slow.go.set()
            await until(lambda: receiver.counts["kept"] == 2)
    finally:
        broker.stop()


@with_broker
async def test_what_could_not_be_stored_is_sent_again_by_the_broker(
    world: World, broker: Broker, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(mqtt, "_TRIES", 1)
    await world.add()
    async with hearing(world, broker) as receiver:
        slow = Slow(world.tracker)
        slow.go.set()
        slow.is_away = True
        await until(state_is(receiver, "connected"))
        await say(broker, *(("owntracks/damkar/gps-1", fix(world, s)) for s in (-2, -1)))
        await until(state_is(receiver, "waiting"))
        assert receiver.as_json()["problem"] == "database"
        assert receiver.counts["sent_again"] >= 1
        assert receiver.counts["kept"] == 0

        slow.is_away = False
        # Whichever of them is looked up first is stored first.
        await until(lambda: receiver.counts["kept"] + receiver.counts["late"] == 2)

    # They were acknowledged: they do not come a third time.
    async with hearing(world, broker) as receiver:
        await until(state_is(receiver, "connected"))
        await asyncio.sleep(0.5)
        assert receiver.counts.total() == 0


def certificate(folder: Path) -> None:
    """A certificate of 127.0.0.1 that stands for itself, with its key."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "broker")])
    now = datetime.now(UTC)  # noqa: TID251 - TLS judges it by the real clock
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=1))
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .add_extension(
            x509.SubjectAlternativeName([x509.IPAddress(ip_address("127.0.0.1"))]), critical=False
        )
        .sign(key, hashes.SHA256())
    )
    (folder / "broker.pem").write_bytes(made.public_bytes(Encoding.PEM))
    (folder / "broker.key").write_bytes(
        key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    )


# paho leaves the socket of a failed handshake to the garbage collector.
@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")
@pytest.mark.filterwarnings("ignore:unclosed:ResourceWarning")
@with_broker
async def test_a_broker_is_believed_by_its_certificate_alone(
    world: World, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("warroom.units.mqtt.PAUSES_S", (0.1,))
    await world.add()
    folder = tmp_path / "tls"
    folder.mkdir()
    certificate(folder)
    pair = f"certfile {folder / 'broker.pem'}\nkeyfile {folder / 'broker.key'}\n"
    broker = Broker(folder, pair)
    broker.start()
    try:
        async with hearing(world, broker, tls=True) as stranger:
            await until(lambda: stranger.as_json()["problem"] == "tls")
        own = str(folder / "broker.pem")
        async with hearing(world, broker, tls=True, ca_file=own) as receiver:
            await until(state_is(receiver, "connected"))
    finally:
        broker.stop()


async def test_what_names_no_device_is_not_looked_for(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    looked: list[Any] = []

    async def judged(device: Any, fixes: Sequence[Fix]) -> list[Verdict]:
        looked.append(device)
        return [Verdict.KEPT for _ in fixes]

    monkeypatch.setattr(world.tracker, "take_judged", judged)
    receiver = Receiver(world.db, world.clock, EVERYTHING, MqttSettings(), world.tracker, "one")
    body = json.dumps({"lat": 0.0, "lon": 119.4, "tst": world.clock.now().timestamp()}).encode()
    level = MqttSettings().topics[0].replace("{device}", "{}").replace("+", "x")
    for device in ("gps-1", "gps 1; drop", ""):
        await receiver._take(level.format(device), body)

    assert looked == ["gps-1"]
    assert receiver.counts["unknown_device"] == 2


async def test_without_a_broker_nothing_is_done(world: World) -> None:
    receiver = Receiver(world.db, world.clock, EVERYTHING, MqttSettings(), world.tracker, "one")
    async with receiver:
        assert receiver.as_json()["state"] == "off"
        assert receiver.as_json()["broker"] == ""


@pytest.mark.parametrize(
    ("pattern", "topic", "device"),
    [
        ("owntracks/+/{device}", "owntracks/budi/hp", "hp"),
        ("owntracks/+/{device}", "owntracks/budi/hp/event", None),
        ("owntracks/+/{device}", "owntracks/budi", None),
        ("owntracks/+/{device}", "lain/budi/hp", None),
        ("{device}/pos/#", "gps-1/pos/a/b", "gps-1"),
        ("{device}/pos/#", "gps-1/pos", "gps-1"),
        ("{device}/pos/#", "gps-1/neg/a", None),
    ],
)
def test_the_device_is_a_level_of_the_topic(pattern: str, topic: str, device: str | None) -> None:
    assert Topics([pattern]).device_of(topic) == device


@pytest.mark.parametrize("pattern", ["owntracks/#", "a/{device}/{device}", "#/{device}"])
def test_a_pattern_without_one_device_is_refused(pattern: str) -> None:
    with pytest.raises(SettingsError):
        Topics([pattern])


def test_what_is_too_large_is_not_read() -> None:
    with pytest.raises(BadFixError):
        read_message(b'{"lat": 1, "lon": 2, "x": "' + b"a" * (64 << 10) + b'"}', 0.0)


@pytest.mark.parametrize(
    ("error", "word"),
    [
        (TimeoutError(), "no_answer"),
        (ConnectionRefusedError(), "unreachable"),
        (aiomqtt.MqttCodeError(5), "refused_login"),
        (aiomqtt.MqttError("certificate verify failed"), "tls"),
        (RuntimeError("boom"), "failed"),
    ],
)
def test_why_it_failed_is_one_word(error: Exception, word: str) -> None:
    assert problem_of(error) == word
