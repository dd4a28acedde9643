"""`python -m simcity`: the commands of the simulated city."""

import argparse
import sys
from collections.abc import Sequence

from simcity.bench import cameras
from simcity.calls import serve as calls
from simcity.city import write
from simcity.drive import drive
from simcity.rtsp import serve
from simcity.scenes import batch
from simcity.sumo import serve as sumo


def main(words: Sequence[str] | None = None) -> int:
    """Run one command; return its exit code."""
    parser = argparse.ArgumentParser(prog="simcity", description="A simulated city of cameras.")
    commands = parser.add_subparsers(required=True)
    for name, module, summary in (
        ("city", write, "Write the schematic Makassar and its camera sites."),
        ("clips", batch, "Render the clips that the cameras show; keeps what is there."),
        ("bench", cameras, "Measure what serving many cameras costs."),
        ("drive", drive, "Let traffic run; vehicles and cameras tell the product of it."),
        ("calls", calls, "Call 112: a day's load in real time, or a burst, over SIP."),
        ("sumo", sumo, "Play an evening of SUMO to a program: what is seen, and the truth."),
        ("rtsp", serve, "Serve RTSP cameras until stopped."),
    ):
        command = commands.add_parser(name, help=summary, description=summary)
        module.add_arguments(command)
        command.set_defaults(run=module.run)
    options = parser.parse_args(words)
    return int(options.run(options))


if __name__ == "__main__":
    sys.exit(main())
