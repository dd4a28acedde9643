"""The process: one event loop, one SIP stack, one socket for `serve`; ends without ending calls."""

import asyncio
import faulthandler
import fcntl
import gc
import os
import signal
import ssl
from pathlib import Path

from warroom.calls.contracts import AgentLeg
from warroom.calls.edge.control import Control
from warroom.calls.edge.desk import Desk
from warroom.calls.edge.journal import Event
from warroom.calls.edge.recovery import Recovery
from warroom.calls.edge.switchboard import Switchboard
from warroom.calls.edge.trunks import Trunks
from warroom.calls.legs.browser import BrowserLeg
from warroom.calls.sealed_recordings import sealer_of_recordings
from warroom.calls.settings import CallSettings
from warroom.calls.sip.transport import Identity
from warroom.kernel.clock import Clock
from warroom.kernel.log import logger
from warroom.kernel.secrets import Sealer

FROZEN_S = 10.0
RETRY_S = 0.1
DAY_S = 86_400.0
_log = logger("calls.edge")


class Edge:
    """All of it, put together.

    Args:
        settings: Of calls.
        sealer: Opens passwords of trunks.
        data: Folder of this node's data.
        socket: Where `serve` commands it.
        clock: For everything.
    """

    def __init__(
        self, settings: CallSettings, sealer: Sealer, data: Path, socket: Path, clock: Clock
    ) -> None:
        trunks = Trunks(settings.trunks, sealer, settings.open_door_calls)
        self.board = Switchboard(
            settings, trunks, data, clock, self._written, sealer_of_recordings(sealer)
        )
        self.desk = Desk(self.board)
        self._settings, self._clock = settings, clock
        self.control = Control(socket, self.board, self.desk, self._new_leg)

    def _written(self, events: list[Event]) -> None:
        self.control.written(events)

    def _new_leg(self) -> AgentLeg:
        settings = self._settings
        ports = (settings.webrtc_port_begin, settings.webrtc_port_end)
        return BrowserLeg(settings.webrtc_host, ports, self._clock)

    async def start(self) -> None:
        """Takes calls from now on; waits for its ports as long as another program has them."""
        await self.control.start()
        tls, problem = self._tls(), None
        while True:
            try:
                await self.board.listen(tls)
                break
            except OSError as error:
                if error.strerror != problem:
                    problem = error.strerror
                    _log.error("calls.port_taken", port=self._settings.port, problem=problem)
                await asyncio.sleep(RETRY_S)
        await self.board.prepare()
        recovery = Recovery(self.board)
        await recovery.run()
        self.board.start()
        await recovery.collect()
        self.board.later(recovery.seal())
        self.board.later(self._trim())
        self.board.later(self.desk.trunks.keep_asking(self._settings.trunk_ask_s))

    def _tls(self) -> ssl.SSLContext | None:
        settings, trunks = self._settings, self.board.trunks
        identity = Identity(settings.tls_authorities, settings.tls_certificate, settings.tls_key)
        self.board.stack.transports.identity = identity
        if not identity.certificate:
            return None
        return identity.server_context(
            asks=any(line.trunk.certificate_names for line in trunks.lines)
        )

    async def stop(self) -> None:
        """Leaves; calls go on in the process that comes after."""
        await self.control.stop()
        await self.board.stop()

    async def _trim(self) -> None:
        while True:
            before_ms = self.board.now_ms() - int(self._settings.journal_days * DAY_S * 1000)
            await asyncio.to_thread(self.board.books.journal.trim, before_ms)
            await asyncio.sleep(DAY_S / 24)


def run(settings: CallSettings, sealer: Sealer, data: Path, socket: Path, clock: Clock) -> None:
    """Runs the process until SIGTERM or SIGINT; never returns.

    A second one loads everything and waits until the first is gone, however it went: the system
    gives the lock on.
    """
    lock = os.open(data / "calls.lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        _log.info("calls.stands_by")
        fcntl.flock(lock, fcntl.LOCK_EX)
    # For people: which of the two it is.
    os.pwrite(lock, f"{os.getpid():<12}\n".encode(), 0)
    try:
        asyncio.run(_run(settings, sealer, data, socket, clock))
    except Exception as error:  # noqa: BLE001 - the end of the process: told, and gone
        _log.error("calls.ended", problem=type(error).__name__, exc_info=error)
        # Not by the way of the interpreter: threads of the WebRTC library may still run, and what
        # they use must not be taken apart under them.
        os._exit(1)
    os._exit(0)


async def _run(
    settings: CallSettings, sealer: Sealer, data: Path, socket: Path, clock: Clock
) -> None:
    stopped = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stopped.set)
    edge = Edge(settings, sealer, data, socket, clock)
    # While the ports are waited for, it can be told to stop.
    starting = asyncio.ensure_future(edge.start())
    stopping = asyncio.ensure_future(stopped.wait())
    await asyncio.wait({starting, stopping}, return_when=asyncio.FIRST_COMPLETED)
    if not starting.done():
        starting.cancel()
        await asyncio.gather(starting, return_exceptions=True)
        # The socket was open already: pages may have brought their sound.
        await edge.stop()
        os._exit(0)
    await starting
    # What was loaded stays: a collection that walks over it would hold the sound up.
    gc.collect()
    gc.freeze()
    _log.info("calls.started", port=edge.board.stack.transports.ports.get("UDP"))
    watch = asyncio.create_task(_stay_watched())
    await stopping
    watch.cancel()
    faulthandler.cancel_dump_traceback_later()
    await edge.stop()
    # Threads of the WebRTC library may still be winding down: what they use is not taken apart.
    os._exit(0)


async def _stay_watched() -> None:
    """Puts the watchdog off every second; it runs in C, so it bites when Python stands still."""
    while True:
        faulthandler.dump_traceback_later(FROZEN_S, exit=True)
        await asyncio.sleep(1.0)
