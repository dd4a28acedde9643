"""Still pictures: the last key frame of a camera, decoded once however many ask for it."""

import asyncio
from concurrent.futures import ThreadPoolExecutor

from warroom.kernel.byte_cache import ByteCache
from warroom.live.channels import Channel
from warroom.live.contracts import CameraFacts, Snapshot
from warroom.live.errors import NoPictureError
from warroom.live.hub import Hub
from warroom.live.rules import choose_snapshot_role
from warroom.live.settings import LiveSettings
from warroom.recording.api import PictureError, key_frame_jpeg

WIDTH_STEP = 32
"""Widths are rounded up to it, so that few sizes serve everybody."""

KEPT_BYTES = 8 << 20
_BROKEN = b"-"

type _Key = tuple[int, int, int, int]


class Snapshots:
    """Takes still pictures from the hub's channels.

    Decoding runs in a few threads: FFmpeg works outside the interpreter's lock.

    Args:
        hub: Where the key frames come from.
        settings: How many are decoded at once, and how long a key frame is waited for.
    """

    def __init__(self, hub: Hub[Channel], settings: LiveSettings) -> None:
        self._hub = hub
        self._settings = settings
        self._pool = ThreadPoolExecutor(settings.snapshot_workers, thread_name_prefix="snapshot")
        self._made = ByteCache[_Key](KEPT_BYTES)
        self._making: dict[_Key, asyncio.Future[bytes]] = {}
        self.decoded = 0

    def close(self) -> None:
        """Ends the threads."""
        self._pool.shutdown(wait=False, cancel_futures=True)

    async def take(self, camera: CameraFacts, width: int) -> Snapshot:
        """The camera's last key frame, at least as new as the last GOP.

        Raises:
            NoPictureError: The camera is offline, sends nothing, or sends what cannot be decoded.
        """
        width = -(-width // WIDTH_STEP) * WIDTH_STEP
        role = choose_snapshot_role(camera, width)
        channel = self._hub.follow(camera.camera_id, role, keys_only=True)
        has_key = await self._hub.wait_for_key(channel, self._settings.snapshot_wait_s)
        state = channel.state or {}
        if not has_key or state.get("state") == "offline":
            raise NoPictureError
        key, description = channel.key, channel.description
        if key is None or description is None:
            raise NoPictureError
        name = (channel.number, key.wall_ms, key.dts_90k, width)
        picture = self._made.get(name)
        if picture is None:
            picture = await self._make(name, description.header, key.unit, width)
        if picture == _BROKEN:
            raise NoPictureError
        return Snapshot(picture, key.wall_ms)

    async def _make(self, name: _Key, header: bytes, unit: bytes, width: int) -> bytes:
        """Decodes once, however many ask; a frame that cannot be decoded is `_BROKEN`."""
        making = self._making.get(name)
        if making is None:
            self.decoded += 1
            making = asyncio.get_running_loop().run_in_executor(
                self._pool, key_frame_jpeg, header, unit, width
            )
            self._making[name] = making
            # The first to hear of the end: between being made and being kept nobody asks.
            making.add_done_callback(lambda done: self._keep(name, done))
        try:
            return await asyncio.shield(making)
        except PictureError:
            return _BROKEN

    def _keep(self, name: _Key, done: asyncio.Future[bytes]) -> None:
        del self._making[name]
        if done.cancelled():
            return
        error = done.exception()
        if error is None:
            self._made.put(name, done.result())
        elif isinstance(error, PictureError):
            self._made.put(name, _BROKEN)
