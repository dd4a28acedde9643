"""Land use, water and buildings of an extract as vector tiles, made by `tilemaker` where it is.

What it takes from the extract is said in `tilemaker/process.lua`. The program is another process,
bounded in time and memory; whatever becomes of it, there is a whole file afterwards or none.
"""

import resource
import shutil
import subprocess
from pathlib import Path

from warroom.kernel.log import logger
from warroom.roads.contracts import TilesOutcome, TilesReport

PROGRAM = "tilemaker"
FILE = "base.pmtiles"
LIMIT_S = 900.0
LIMIT_BYTES = 6 << 30
"""Of address space; a city takes 0.6 GB of memory."""

MOST_BYTES = 256 << 20
"""What a city pack's reader takes of one file."""

MARGIN_DEGREES = 0.05
_RULES = Path(__file__).with_name("tilemaker")
_HEADER_BYTES = 127
_TILES_AT = 72

type Bounds = tuple[float, float, float, float]


def make_tiles(osm: Path, folder: Path, bounds: Bounds) -> TilesReport:
    """Writes `base.pmtiles` into a folder, or nothing; says which, and why.

    Args:
        osm: The extract.
        folder: Of the pack that is being built.
        bounds: West, south, east and north of the roads, for extracts that do not tell theirs.
    """
    program = shutil.which(PROGRAM)
    if program is None:
        return TilesReport("absent")
    made = folder / FILE
    report = _run([program, *_words(osm, made, bounds)], made)
    if report.outcome != "made":
        made.unlink(missing_ok=True)
    return report


def _words(osm: Path, made: Path, bounds: Bounds) -> list[str]:
    west, south, east, north = bounds
    box = (west - MARGIN_DEGREES, south - MARGIN_DEGREES, east + MARGIN_DEGREES)
    return [
        *("--input", str(osm.absolute()), "--output", str(made.absolute())),
        *("--config", str(_RULES / "config.json"), "--process", str(_RULES / "process.lua")),
        *("--bbox", ",".join(f"{value:.6f}" for value in (*box, north + MARGIN_DEGREES))),
        *("--threads", "2"),
    ]


def _run(command: list[str], made: Path) -> TilesReport:
    process = subprocess.Popen(  # noqa: S603 - a list of words, no shell
        command, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE
    )
    with process:
        try:
            resource.prlimit(process.pid, resource.RLIMIT_AS, (LIMIT_BYTES, LIMIT_BYTES))
            _, said = process.communicate(timeout=LIMIT_S)
        except ProcessLookupError:  # it ended before it could be bounded
            _, said = process.communicate()
        except subprocess.TimeoutExpired:
            process.kill()
            return TilesReport("too_slow", f"{LIMIT_S:.0f} s")
        finally:
            if process.poll() is None:
                process.kill()
    if process.returncode:
        told = said.decode(errors="replace").strip()
        logger("roads.tiles").warning("tilemaker_failed", code=process.returncode, said=told[-500:])
        return TilesReport("failed", _last_line(told) or f"code {process.returncode}")
    return _judge(made)


def _last_line(told: str) -> str:
    return told.rpartition("\n")[2].strip().removeprefix("what():").strip()[:200]


def _judge(made: Path) -> TilesReport:
    """A program that ends well may still have written nothing that can be drawn."""
    size = made.stat().st_size if made.is_file() else 0
    if size > MOST_BYTES:
        return TilesReport("too_large", f"{size >> 20} MB")
    head = made.read_bytes()[:_HEADER_BYTES] if size else b""
    if len(head) < _HEADER_BYTES or not head.startswith(b"PMTiles\x03"):
        return TilesReport("failed", "no PMTiles")
    tiles = int.from_bytes(head[_TILES_AT : _TILES_AT + 8], "little")
    outcome: TilesOutcome = "made" if tiles else "empty"
    return TilesReport(outcome, size_bytes=size if tiles else 0)
