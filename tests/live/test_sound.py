"""Live sound: on its own, for those who ask, of every camera that sends any."""

import io
from fractions import Fraction

import av
import pytest
import websockets

from simcity.rtsp.audio import AudioCodec, make_track
from tests.live.media_server import Clip, Stream, make_clip
from tests.live.serving import CAMERA, House, house, person
from tests.live.test_hub import until
from tests.live.test_routes import receive, refusal, viewer, warm_stream
from tests.live.test_webrtc import CAMERA as CAMERA_TEXT
from tests.live.test_webrtc import Browser, gateway
from tests.recording.footage import sound_unit, with_sound
from warroom.kernel.db import Database
from warroom.live.settings import LiveSettings

SOUNDS: tuple[AudioCodec, ...] = ("aac", "pcma", "pcmu")


def sounding(codec: AudioCodec) -> Stream:
    track, clip = make_track(codec), make_clip()
    units = [sound_unit(track, number) for number in range(len(track.wire))]
    length = int(Fraction(track.samples * 90_000, track.rate_hz))
    return Stream(Clip(with_sound(clip.init, track), clip.units), sound=(units, length))


async def warm(at: House, watchers: int = 1) -> None:
    """A second and more of picture and sound, as soon as so many wait for it."""
    await until(lambda: at.live.hub.viewers == watchers and any(at.server.watched.values()))
    at.server.send(str(CAMERA), count=20)


@pytest.mark.parametrize("codec", SOUNDS)
async def test_sound_comes_beside_the_picture_and_plays(db: Database, codec: AudioCodec) -> None:
    async with (
        house(db, main=sounding(codec)) as at,
        viewer(at) as eye,
        viewer(at, way="sound") as ear,
    ):
        await warm(at, 2)
        shown, picture = await receive(eye, 20)
        told, sound = await receive(ear, 12)
        written = await at.audited("live:view")

    init = next(text for text in told if text["type"] == "init")
    seen = next(text for text in shown if text["type"] == "init")
    with av.open(io.BytesIO(sound)) as box:
        kinds = [stream.type for stream in box.streams]
        packets = [packet for packet in box.demux() if packet.size]
    with av.open(io.BytesIO(sound)) as box:
        frames = list(box.decode(audio=0))
    with av.open(io.BytesIO(picture)) as box:
        pictures = [stream.type for stream in box.streams]
    assert kinds == ["audio"]
    assert pictures == ["video"]
    assert len(frames) >= 12
    assert [p.pts for p in packets[1:]] == [p.pts + p.duration for p in packets[:-1]]
    assert (
        init["codec"]
        == seen["sound"]
        == {"aac": 'audio/mp4; codecs="mp4a.40.2"'}.get(codec, 'audio/mp4; codecs="flac"')
    )
    assert init["epoch_ms"] == seen["epoch_ms"]
    assert sorted(row["detail"]["way"] for row in written) == ["mse", "sound"]  # type: ignore[index]


async def test_camera_without_sound_says_so(db: Database) -> None:
    async with house(db, main=warm_stream()) as at:
        async with viewer(at) as eye:
            told, _ = await receive(eye, 4)
        async with viewer(at, way="sound") as ear:
            refused = await refusal(ear)

    assert [text["sound"] for text in told if text["type"] == "init"] == [None]
    assert refused["code"] == "live.no_sound"


async def test_listener_is_told_when_the_sound_ends(db: Database) -> None:
    async with house(db, main=sounding("pcma")) as at, viewer(at, way="sound") as ear:
        await warm(at)
        await receive(ear, 4)
        at.server.reinit(str(CAMERA), make_clip(tone=40))
        refused = await refusal(ear)

    assert refused["code"] == "live.no_sound"


@pytest.mark.parametrize("who", ["", "fire", "nobody"])
async def test_strangers_hear_nothing(db: Database, who: str) -> None:
    async with house(db, main=sounding("aac")) as at:
        with pytest.raises(websockets.InvalidStatus):
            async with viewer(at, who, way="sound"):
                pass
        written = await at.audited("live:view")

    assert written == []


async def test_sound_ends_with_the_right_to_look(db: Database) -> None:
    settings = LiveSettings(recheck_s=0.05)
    async with (
        house(db, settings, main=sounding("aac")) as at,
        viewer(at, way="sound") as ear,
    ):
        await warm(at)
        await receive(ear, 4)
        at.people["police"] = person(None)
        refused = await refusal(ear)

    assert refused["code"] == "live.not_allowed_any_more"


async def test_stream_is_let_go_when_the_last_listener_left(db: Database) -> None:
    async with house(db, LiveSettings(linger_s=0), main=sounding("aac")) as at:
        async with viewer(at, way="sound") as ear:
            await warm(at)
            await receive(ear, 4)
            held = [channel.watchers for channel in at.live.hub.channels]
        await until(lambda: at.live.hub.viewers == 0)
        at.live.hub.sweep()

    assert held == [1]
    assert at.live.hub.channels == []


async def test_webrtc_viewer_is_told_of_the_sound_beside_the_picture() -> None:
    async with gateway(main=sounding("pcma")) as (client, _, _):
        browser = Browser()
        answered = await client.offer(CAMERA_TEXT, "main", await browser.offer())
        browser.connection.close()

    assert answered.sound == 'audio/mp4; codecs="flac"'
