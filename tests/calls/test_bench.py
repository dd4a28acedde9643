"""`warroom bench calls`: what it measures is there, and was really carried."""

import importlib.util
import json
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

if importlib.util.find_spec("playwright") is None:
    pytest.skip("playwright is not installed", allow_module_level=True)

from tests.browser.harness import NoChromiumError, find_chromium
from warroom.calls.audio import g711
from warroom.calls.bench import sound


@pytest.mark.nightly
@pytest.mark.browser
def test_two_calls_are_carried_and_measured(repository: Path) -> None:
    try:
        find_chromium()
    except NoChromiumError as error:
        pytest.skip(f"no Chromium: {error}")
    words = ["bench", "calls", "--legs", "2", "--seconds", "8", "--json"]
    command = [sys.executable, "-c", "from warroom.app.cli import main; main()", *words]
    environment = os.environ | {"PYTHONPATH": str(repository / "src")}

    told = subprocess.run(command, env=environment, capture_output=True, check=True, text=True)

    result = json.loads(told.stdout.splitlines()[-1])
    assert 800 == result["frames_said"]
    assert 2 == result["callers_recorded_byte_by_byte"]
    assert result["agent_channel_likeness"] > 0.9
    assert result["caller_to_ear_likeness"] > 0.9
    assert result["cpu_s_per_call_minute"] > 0
    assert result["caller_to_ear_ms"] > 0


def test_delay_is_from_the_mouth_to_the_tap() -> None:
    said = sound.voice(8.0, seed=3)
    wide = np.repeat(g711.decode(said).astype(np.float32), 6)
    late = np.concatenate((np.zeros(48_000 + 48 * 70, np.float32), wide))
    late = late[: len(late) // 128 * 128]
    tap = {
        "places": [[at, 5000 + at / 48] for at in range(0, len(late), 128)],
        "samples": _base64(late),
    }
    spoken_at = [2.02 + 0.02 * k for k in range(len(said) // 160)]

    late_ms, alike = sound.delay_ms(tap, said, spoken_at, wall_minus_loop_s=4.0)

    assert 70 == pytest.approx(late_ms, abs=1)
    assert alike > 0.95


def _base64(samples: "np.ndarray[tuple[int], np.dtype[np.float32]]") -> str:
    import base64

    return base64.b64encode(samples.tobytes()).decode()
