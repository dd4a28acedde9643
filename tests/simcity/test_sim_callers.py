"""Callers of the simulated city reach a real edge, and a day of them is like a real one."""

import asyncio
import io
import json
import sys
import wave
from collections import Counter
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as some

from simcity.calls.caller import Caller
from simcity.calls.day import A_DAY, NUISANCE_SHARE, plan_burst, plan_day
from simcity.calls.serve import BURSTS, Crowd, burst_of, read_spots
from simcity.calls.sound import FRAME_SAMPLES, RATE_HZ, encode, has_speech, read_wave, say, tones
from simcity.city.write import write_city
from tests.calls.edge.room import HOST, opened, recording
from warroom.calls.audio import g711

KANDEA = (-5.1246, 119.4189, 18.0)
SPOTS = [(-5.13, 119.42, "Jalan Satu"), (-5.15, 119.44, "Jalan Dua")]


def speech(seconds: float = 1.0) -> bytes:
    return np.random.default_rng(5).bytes(int(seconds * RATE_HZ) // FRAME_SAMPLES * FRAME_SAMPLES)


async def test_a_caller_is_answered_located_and_recorded(tmp_path: Path) -> None:
    said = speech()
    async with opened(tmp_path) as room:
        await room.agent("penerima")

        ended = await Caller((HOST, room.port), "08111234", KANDEA).call(said, 20, linger_s=0.4)
        await room.until_written("recorded")

        assert ("talked", 200) == (ended.end, ended.status)
        assert (len(said) // FRAME_SAMPLES + 20) == ended.spoken
        assert 0 < ended.heard
        told = room.body("location")
        assert KANDEA == (told["latitude"], told["longitude"], told["radius_m"])
        offered = room.body("offered")
        assert ("08111234", True) == (offered["number"], bool(offered["is_emergency"]))
    (recorded,) = tmp_path.rglob("recordings/**/*.wav")
    assert said in recording(recorded)[58:][0::2]


async def test_a_caller_who_cannot_speak_presses_one(tmp_path: Path) -> None:
    async with opened(tmp_path) as room:
        await room.agent("penerima")

        ended = await Caller((HOST, room.port), "0811", presses="1").call(b"", 20, linger_s=0.5)
        await room.until_written("silent_confirmed")

        assert ("talked", 25) == (ended.end, ended.spoken)
        assert "1" == room.body("key")["key"]


async def test_a_caller_without_patience_gives_up(tmp_path: Path) -> None:
    async with opened(tmp_path) as room:
        ended = await Caller((HOST, room.port), "08111234").call(speech(), 0.4)
        await room.until_written("abandoned")

        assert "abandoned" == ended.end
        assert 0 == ended.spoken


async def test_a_caller_hears_that_the_other_side_hung_up(tmp_path: Path) -> None:
    async with opened(tmp_path) as room:
        await room.agent("penerima")
        calling = asyncio.ensure_future(Caller((HOST, room.port), "0811").call(speech(20), 20))
        await room.until_written("answered")
        await room.edge.desk.hang_up(room.only_call().id, "penerima")

        assert "hung_up_on" == (await calling).end


async def test_a_call_that_nobody_hears_is_tried_again(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("simcity.calls.caller.GIVE_UP_S", 2.0)
    heard: list[bytes] = []

    class Deaf(asyncio.DatagramProtocol):
        def datagram_received(self, data: bytes, addr: tuple[str, int]) -> None:
            heard.append(data)

    loop = asyncio.get_running_loop()
    wire, _ = await loop.create_datagram_endpoint(Deaf, local_addr=(HOST, 0))
    ended = await Caller(wire.get_extra_info("sockname"), "0811").call(b"", 1.2)
    wire.close()

    assert ("no_answer", 0) == (ended.end, ended.status)
    invites = [one for one in heard if one.startswith(b"INVITE")]
    assert 2 <= len(invites)
    assert 1 == len(set(invites))


async def test_a_crowd_tells_how_its_calls_went(tmp_path: Path) -> None:
    async with opened(tmp_path, strategy="ring_all") as room:
        for number in range(3):
            await room.agent(f"penerima {number}")
        crowd = Crowd((HOST, room.port), at_once=2)
        for one in plan_burst(SPOTS[:1], "ghost", 3, 4.0, seed=1):
            await crowd.begin(one)
        await crowd.end()

        assert {"calls": 3, "talked": 3} == crowd.told()
        await room.until_written("recorded", 3)


def test_a_day_has_the_calls_of_makassar_with_as_much_nuisance_as_was_measured() -> None:
    days = [plan_day(SPOTS, seed) for seed in range(8)]

    assert {A_DAY} == {len(day) for day in days}
    share = np.mean([one.is_nuisance for day in days for one in day])
    assert NUISANCE_SHARE == pytest.approx(share, abs=0.02)
    by_hour = Counter(int(one.at_s // 3600) for day in days for one in day)
    assert by_hour[18] > 2 * by_hour[3]


@given(some.integers(0, 10_000), some.integers(1, 700))
def test_a_day_is_in_order_and_the_same_each_time(seed: int, calls: int) -> None:
    day = plan_day(SPOTS, seed, calls)

    assert day == plan_day(SPOTS, seed, calls)
    assert calls == len(day)
    assert sorted(one.at_s for one in day) == [one.at_s for one in day]
    assert all(0 <= one.at_s < 86_400 for one in day)


@given(some.integers(0, 10_000), some.integers(1, 600), some.floats(10, 900))
def test_a_burst_is_about_one_place_by_many_numbers(seed: int, calls: int, seconds: float) -> None:
    burst = plan_burst(SPOTS[:1], "fire", calls, seconds, seed)

    assert calls == len(burst)
    assert 0 == burst[0].at_s
    assert burst[0].place is not None
    assert all(0 <= one.at_s <= seconds for one in burst)
    assert all(abs(one.spot[0] - SPOTS[0][0]) < 0.001 for one in burst)


def test_the_bursts_of_the_scenarios_are_as_large_as_told(tmp_path: Path) -> None:
    write_city(tmp_path)

    assert {name: calls for name, (_, calls, _) in BURSTS.items()} == {
        name: len(burst_of(name, tmp_path, 1)) for name in BURSTS
    }
    flooded = {one.spot[2] for one in burst_of("flood", tmp_path, 1)}
    assert flooded <= {name for _, _, name in read_spots(tmp_path, ("73.71.11", "73.71.12"))}


@given(some.lists(some.integers(-32_768, 32_767), min_size=1, max_size=400))
def test_a_law_is_off_by_half_a_step_at_most(values: list[int]) -> None:
    samples = np.array(values, np.int16)
    coded = encode(samples)

    assert 0 == len(coded) % FRAME_SAMPLES
    heard = g711.decode(coded)[: len(values)].astype(int)
    assert (np.abs(heard - samples) <= np.abs(samples.astype(int)) / 32 + 8).all()


def test_tones_are_the_same_for_the_same_words_and_longer_for_more() -> None:
    assert tones("kebakaran", 1).tolist() == tones("kebakaran", 1).tolist()
    assert tones("kebakaran", 1).tolist() != tones("kebakaran", 2).tolist()
    assert len(tones("api")) < len(tones("kebakaran rumah"))


@pytest.mark.skipif(not has_speech(), reason="needs espeak-ng (Debian package espeak-ng)")
async def test_callers_speak_indonesian_each_in_a_voice_of_their_own() -> None:
    first, second, longer = [
        await say(text, voice)
        for text, voice in (("Tolong", 1), ("Tolong", 2), ("Tolong, kebakaran di Jalan Kandea", 1))
    ]

    assert first != second
    assert 2 * len(first) < len(longer)
    samples = g711.decode(longer).astype(float)
    assert 1.5 < len(samples) / RATE_HZ < 6
    spectrum = np.abs(np.fft.rfft(samples)) ** 2
    hz = np.fft.rfftfreq(len(samples), 1 / RATE_HZ)
    # Speech, not tones: its power is spread over the whole band of a telephone.
    assert spectrum[(hz > 100) & (hz < 3_400)].sum() > 0.9 * spectrum.sum()
    assert (spectrum > 0.001 * spectrum.max()).sum() > 1_000


async def test_silence_is_said_by_nobody() -> None:
    assert b"" == await say("")


def test_a_wave_of_a_program_is_read_at_our_rate() -> None:
    content = io.BytesIO()
    with wave.open(content, "wb") as file:
        file.setparams((1, 2, 22_050, 0, "NONE", ""))
        at = np.arange(22_050) / 22_050
        file.writeframes((8000 * np.sin(2 * np.pi * 440 * at)).astype("<i2").tobytes())

    samples = read_wave(content.getvalue())

    assert RATE_HZ == len(samples)
    spectrum = np.abs(np.fft.rfft(samples.astype(float)))
    assert 440 == int(np.argmax(spectrum))


async def test_what_the_command_places_arrives(tmp_path: Path) -> None:
    write_city(tmp_path / "city")
    async with opened(tmp_path) as room:
        for number in range(7):
            await room.agent(f"penerima {number}")
        process = await asyncio.create_subprocess_exec(
            sys.executable, "-m", "simcity", "calls", "--city", str(tmp_path / "city"),
            "--edge", f"{HOST}:{room.port}", "--burst", "kandea", "--speed", "200",
            stdout=asyncio.subprocess.PIPE,
        )  # fmt: skip
        out, _ = await process.communicate()

        assert 0 == process.returncode
        assert 7 == json.loads(out)["calls"]
        await room.until_written("offered", 7)
