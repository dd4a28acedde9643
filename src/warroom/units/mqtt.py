"""Positions from the city's MQTT broker: OwnTracks' JSON, and plain JSON in the same words.

Who may publish on which topic is for the broker to judge (its access list): the device is that of
the topic, whatever a message says. One process of the city subscribes, by lease, so that nothing
is taken twice. A connection that ends is made again after a pause that grows to a minute.

A message is acknowledged when its position is stored, or refused for good, in the order in which
messages came (MQTT 3.1.1, 4.6). One that cannot be stored for a minute ends the connection: the
broker sends it, and what came after it, again.

Source: MQTT 3.1.1 (OASIS 2014); OwnTracks booklet, "JSON" and "Topics".
"""

import asyncio
import contextlib
import random
import re
import ssl
from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any, Literal

from prometheus_client import Counter as Metric
from prometheus_client import Gauge

from warroom.kernel import leases
from warroom.kernel.clock import Clock
from warroom.kernel.db import Database, DatabaseAwayError
from warroom.kernel.errors import UnauthenticatedError
from warroom.kernel.log import logger
from warroom.kernel.metrics import REGISTRY
from warroom.kernel.scope import Scope
from warroom.kernel.settings import SettingsError
from warroom.units.contracts import Fix, Verdict
from warroom.units.errors import BadFixError, NotTakenError, TooOftenError
from warroom.units.formats import read_json, read_owntracks
from warroom.units.ingest import Tracker
from warroom.units.settings import MqttSettings

if TYPE_CHECKING:
    import aiomqtt

type State = Literal["off", "standby", "connecting", "connected", "waiting"]
"""`standby`: another process subscribes; `waiting`: it failed, and is tried again."""

type _Came = tuple[asyncio.Task[bool], int, int]
"""What is done with a message, its number, and its quality of service."""

MESSAGES = Metric(
    "warroom_unit_mqtt_messages_total",
    "Messages of the broker, by what became of them.",
    ["outcome"],
    registry=REGISTRY,
)
CONNECTED = Gauge(
    "warroom_unit_mqtt_connected", "Whether this process hears the broker.", registry=REGISTRY
)

PAUSES_S = (1.0, 2.0, 5.0, 10.0, 30.0, 60.0)
_STEADY_S = 60.0
_TTL_S, _RENEW_S = 30.0, 8.0
_LARGEST, _AT_ONCE, _QUEUED = 64 << 10, 2_000, 10_000
_AGAIN_S, _TRIES = 1.0, 60
_DEVICE = re.compile(r"[A-Za-z0-9_-]{1,64}")


class Topics:
    """Which topics are heard, and which of their levels is the device.

    Args:
        patterns: Topics with `{device}` for one level, and the wildcards of MQTT.

    Raises:
        SettingsError: One has no level, or several, that are the device.
    """

    def __init__(self, patterns: Sequence[str]) -> None:
        self._levels = [pattern.split("/") for pattern in patterns]
        for pattern, levels in zip(patterns, self._levels, strict=True):
            if levels.count("{device}") != 1 or "#" in levels[:-1]:
                problem = f"{pattern}: one level must be {{device}}, and # the last"
                raise SettingsError(setting="[mqtt] topics", problem=problem)

    @property
    def filters(self) -> list[str]:
        """What is subscribed to."""
        return ["/".join("+" if one == "{device}" else one for one in levels)
                for levels in self._levels]  # fmt: skip

    def device_of(self, topic: str) -> str | None:
        """The device of a topic; None if it is of none of the patterns."""
        heard = topic.split("/")
        for levels in self._levels:
            wanted = levels[:-1] if levels[-1] == "#" else levels
            if len(heard) < len(wanted) or (levels[-1] != "#" and len(heard) > len(wanted)):
                continue
            pairs = list(zip(wanted, heard, strict=False))
            if all(one in ("+", "{device}", level) for one, level in pairs):
                return heard[levels.index("{device}")]
        return None


class Receiver:
    """Hears the broker as long as the process runs; does nothing where no broker is set.

    Args:
        db: For the lease.
        clock: For times without one, and since when a state holds.
        standing: The rights of the process.
        settings: The broker.
        tracker: Who takes positions in.
        holder: Name of this process in the lease.

    Attributes:
        counts: What became of messages: verdicts, and `unreadable`, `unknown_device`, `too_often`,
            `not_a_position`, `sent_again`, `lost`.
    """

    def __init__(
        self,
        db: Database,
        clock: Clock,
        standing: Scope,
        settings: MqttSettings,
        tracker: Tracker,
        holder: str,
    ) -> None:
        self._db, self._clock, self._standing = db, clock, standing
        self._settings, self._tracker, self._holder = settings, tracker, holder
        self._topics = Topics(settings.topics)
        self._task: asyncio.Task[None] | None = None
        self._working: set[asyncio.Task[bool]] = set()
        self._state: State = "off"
        self._since = clock.now()
        self._problem: str | None = None
        self._again_at: datetime | None = None
        self._heard_at: datetime | None = None
        self.counts: Counter[str] = Counter()

    async def __aenter__(self) -> "Receiver":
        """Begins to connect, if there is a broker."""
        if self._settings.host:
            self._task = asyncio.create_task(self._run())
        return self

    async def __aexit__(self, *_: object) -> None:
        """Leaves the broker."""
        tasks = [*([self._task] if self._task else []), *self._working]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        self._become("off")

    def as_json(self) -> dict[str, Any]:
        """How it stands: state, since when, why not, when it is tried again, what came."""
        return {
            "state": self._state,
            "since": self._since,
            "broker": f"{self._settings.host}:{self._settings.port}" if self._settings.host else "",
            "topics": self._topics.filters,
            "problem": self._problem,
            "again_at": self._again_at,
            "heard_at": self._heard_at,
            "counts": dict(self.counts),
        }

    def _become(self, state: State, problem: str | None = None) -> None:
        if (state, problem) != (self._state, self._problem):
            self._since = self._clock.now()
            log = logger("units.mqtt")
            (log.warning if problem else log.info)("mqtt_" + state, problem=problem)
        self._state, self._problem, self._again_at = state, problem, None
        CONNECTED.set(state == "connected")

    async def _run(self) -> None:
        tries = 0
        loop = asyncio.get_running_loop()
        while True:
            began = loop.time()
            problem = "ended"
            try:
                if not await self._leads():
                    self._become("standby")
                    await asyncio.sleep(_RENEW_S)
                    continue
                await self._session()
            except (DatabaseAwayError, NotTakenError):
                problem = "database"
            except Exception as error:  # noqa: BLE001 - a background loop: say why, and go on
                problem = problem_of(error)
            # Whoever was connected for a while is told apart from who never gets in.
            tries = 0 if loop.time() - began > _STEADY_S else tries + 1
            pause = PAUSES_S[min(max(tries - 1, 0), len(PAUSES_S) - 1)]
            pause *= random.uniform(0.8, 1.2)  # noqa: S311 - spreads who comes back at once
            self._become("waiting", problem)
            self._again_at = self._clock.now() + timedelta(seconds=pause)
            await asyncio.sleep(pause)

    async def _leads(self) -> bool:
        scope = replace(self._standing, at=self._clock.now())
        async with self._db.transaction(scope) as tx:
            return await leases.acquire(tx, "units.mqtt", "city", self._holder, _TTL_S) is not None

    async def _session(self) -> None:
        """One connection, from its beginning to its end."""
        import aiomqtt  # noqa: PLC0415 - decision 51

        settings = self._settings
        self._become("connecting")
        tls = ssl.create_default_context(cafile=settings.ca_file or None) if settings.tls else None
        client = aiomqtt.Client(
            settings.host,
            settings.port,
            username=settings.username or None,
            password=settings.password or None,
            identifier=settings.client_id or None,
            # The broker keeps what comes while we are away, if we have a name.
            clean_session=not settings.client_id,
            tls_context=tls,
            timeout=settings.timeout_s,
            keepalive=30,
            max_queued_incoming_messages=_QUEUED,
        )
        # Not when it is read, as paho does by itself; aiomqtt has no word for it.
        client._client.manual_ack_set(on=True)
        came: asyncio.Queue[_Came] = asyncio.Queue()
        async with client:
            for wanted in self._topics.filters:
                await client.subscribe(wanted, qos=1)
            self._become("connected")
            tasks = [
                asyncio.create_task(self._listen(client, came)),
                asyncio.create_task(self._acknowledge(client, came)),
                asyncio.create_task(self._keep_leading()),
            ]
            try:
                done, _ = await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
                for task in done:
                    task.result()
            finally:
                for task in tasks:
                    task.cancel()
                await asyncio.gather(*tasks, return_exceptions=True)

    async def _listen(self, client: "aiomqtt.Client", came: "asyncio.Queue[_Came]") -> None:
        async for message in client.messages:
            self._heard_at = self._clock.now()
            while len(self._working) >= _AT_ONCE:
                await asyncio.wait(self._working, return_when=asyncio.FIRST_COMPLETED)
            # Not waited for: a message takes as long as the batch it is stored with.
            task = asyncio.create_task(self._take(str(message.topic), bytes(message.payload)))
            self._working.add(task)
            task.add_done_callback(self._working.discard)
            came.put_nowait((task, message.mid, message.qos))

    async def _acknowledge(self, client: "aiomqtt.Client", came: "asyncio.Queue[_Came]") -> None:
        """Tells the broker what is done with, in the order in which it came.

        Raises:
            NotTakenError: A message could not be stored; it is not acknowledged, nor is any after.
        """
        while True:
            task, number, qos = await came.get()
            if not await task and self._settings.client_id:
                raise NotTakenError
            client._client.ack(number, qos)

    async def _keep_leading(self) -> None:
        """Returns when another process has taken over."""
        while True:
            await asyncio.sleep(_RENEW_S)
            # While the database is away nobody else can take the lease either.
            with contextlib.suppress(DatabaseAwayError):
                if not await self._leads():
                    return

    async def _take(self, topic: str, payload: bytes) -> bool:
        """Takes one message; whatever is wrong with it is counted and harms no other.

        Returns:
            Whether it is done with: False where it could not be stored.
        """
        try:
            outcomes = await self._outcomes(topic, payload)
        except BadFixError as error:
            is_other = error.params.get("problem") == "_type"
            outcomes = ["not_a_position" if is_other else "unreadable"]
        except UnauthenticatedError:
            outcomes = ["unknown_device"]
        except TooOftenError:
            outcomes = ["too_often"]
        except (NotTakenError, DatabaseAwayError):
            # The broker keeps it for a name; it has none for us without.
            outcomes = ["sent_again" if self._settings.client_id else "lost"]
        except Exception as error:  # noqa: BLE001 - one message must not end the others
            logger("units.mqtt").error("message_failed", code=type(error).__name__)
            outcomes = ["failed"]
        self.counts.update(outcomes)
        for outcome in outcomes:
            MESSAGES.labels(outcome).inc()
        return outcomes not in (["lost"], ["sent_again"])

    async def _outcomes(self, topic: str, payload: bytes) -> list[str]:
        """The verdicts on what a message holds.

        Raises:
            BadFixError: It is no position.
            UnauthenticatedError: No such device.
            TooOftenError: The device sends more than one vehicle can have.
            NotTakenError: It could not be stored for a minute.
            DatabaseAwayError: The device could not be looked up for a minute.
        """
        device = self._topics.device_of(topic)
        if device is None or not _DEVICE.fullmatch(device):
            raise UnauthenticatedError
        fixes = read_message(payload, self._clock.now().timestamp())
        for left in range(_TRIES - 1, -1, -1):
            try:
                return [str(v) for v in await self._tracker.take_judged(device, fixes)]
            except (NotTakenError, DatabaseAwayError):
                if not left:
                    raise
            # Sooner than the broker would send it again.
            await asyncio.sleep(_AGAIN_S)
        return [str(Verdict.UNKNOWN)]


def read_message(payload: bytes, now_s: float) -> list[Fix]:
    """The fixes of a message: OwnTracks' JSON, the same words without `_type`, or Traccar's JSON.

    Raises:
        BadFixError: It is none of them, is too large, or is another kind of message (`_type`).
    """
    if len(payload) > _LARGEST:
        raise BadFixError(problem="size")
    if b'"coords"' in payload:
        return read_json(payload, now_s)[1]
    return [read_owntracks(payload, now_s)]


def problem_of(error: Exception) -> str:
    """Why a connection failed, in a word that tells nothing secret."""
    from aiomqtt import MqttError  # noqa: PLC0415 - decision 51

    code = getattr(error, "rc", None)
    value = getattr(code, "value", code)
    # 4, 5 of MQTT 3.1.1; 134, 135 of MQTT 5, which paho tells for both.
    if value in (4, 5, 134, 135):
        return "refused_login"
    if isinstance(error, ssl.SSLError) or "certificate" in str(error).lower():
        return "tls"
    if isinstance(error, TimeoutError) or "timed out" in str(error).lower():
        return "no_answer"
    return "unreachable" if isinstance(error, MqttError | OSError) else "failed"
