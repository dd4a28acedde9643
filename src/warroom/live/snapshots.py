"""Still pictures: the last key frame of a camera, decoded once however many ask for it."""

import asyncio
from collections import OrderedDict
from concurrent.futures import ThreadPoolExecutor

from warroom.live.channels import Channel
from warroom.live.contracts import CameraFacts, Snapshot
from warroom.live.errors import NoPictureError
from warroom.live.hub import Hub
from warroom.live.rules import choose_snapshot_role
from warroom.live.settings import LiveSettings
from warroom.recording.api import PictureError, key_frame_jpeg

WIDTH_STEP = 32
"""Widths are rounded up to it, so that few sizes serve everybody."""

KEPT = 1200

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
        self._made: OrderedDict[_Key, asyncio.Future[bytes]] = OrderedDict()
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
            self.decoded += 1
            picture = asyncio.get_running_loop().run_in_executor(
                self._pool, key_frame_jpeg, description.header, key.unit, width
            )
            self._made[name] = picture
            while len(self._made) > KEPT:
                self._made.popitem(last=False)
        try:
            return Snapshot(await asyncio.shield(picture), key.wall_ms)
        except PictureError as error:
            raise NoPictureError from error
