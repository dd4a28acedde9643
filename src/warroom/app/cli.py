"""The command line: `warroom --help`.

Exit codes: 0 good, 1 refused or failed with a sentence, 2 wrong usage.
"""

import asyncio
import os
import sys
from contextlib import AbstractAsyncContextManager
from typing import Any

import cyclopts

from warroom.app import benches, demo, wiring
from warroom.app.asgi import create_app, guard_table
from warroom.app.migrate import is_current
from warroom.app.node import open_node, provider, start_database
from warroom.app.problems import EXIT
from warroom.app.processes import media, run_up, serve, webrtc
from warroom.kernel import command, log
from warroom.kernel.command import Tools, say
from warroom.kernel.errors import WarRoomError
from warroom.kernel.i18n import language_of_terminal, text

app = cyclopts.App(
    name="warroom",
    help="War Room: an operations centre for a city. Begin with: warroom demo",
    version="0.1.0",
)
database = cyclopts.App(name="db", help="The database: schema and safety.")
configuration = cyclopts.App(name="config", help="Settings.")
for domain_app in (*wiring.COMMANDS, database, configuration, benches.app):
    app.command(domain_app)
app.command(demo.demo)


@app.command
def up() -> None:
    """Runs all processes of this node until Ctrl-C. Example: `warroom up`."""
    run_up(open_node())


app.command(serve)
app.command(media)
app.command(webrtc)


@app.command
def routes(*, json: bool = False) -> None:
    """Lists every HTTP route, socket topic and media path with its action word and guard.

    Example: warroom routes --json.

    Args:
        json: One JSON object instead of a table.
    """
    table = guard_table(create_app(wiring.wire(open_node())))
    lines = [f"{e['method']:10} {e['path']:50} {e['guard']}" for e in table["routes"]]
    lines += [
        f"{'TOPIC':10} {t['name']:50} {t['action']}{' (own)' if t['is_personal'] else ''}"
        for t in table["topics"]
    ]
    say(table, as_json=json, text="\n".join(lines))


@database.command
def migrate() -> None:
    """Brings the schema up to date. Example: `warroom db migrate`."""
    node = open_node()
    started = start_database(node)
    if started and node.embedded is not None:
        node.embedded.stop()


@database.command
def check(*, json: bool = False) -> None:
    """Tells whether the schema is the one this version expects. Example: `warroom db check`.

    Args:
        json: One JSON object instead of a sentence.
    """
    node = open_node()
    started = start_database(node)
    try:
        current = is_current(node.connections.owner)
    finally:
        if started and node.embedded is not None:
            node.embedded.stop()
    say({"current": current}, as_json=json, text=text(language_of_terminal(), "app.schema_current"))


@configuration.command
def show(*, json: bool = False) -> None:
    """Shows all settings in force, secrets hidden. Example: `warroom config show`.

    Args:
        json: One JSON object instead of TOML-like lines.
    """
    shown = open_node().configuration.shown(wiring.SECTIONS)
    lines: list[str] = []
    for section, values in shown.items():
        lines += [f"[{section}]", *(f"{name} = {value!r}" for name, value in values.items()), ""]
    say(shown, as_json=json, text="\n".join(lines).rstrip())


def _tools() -> AbstractAsyncContextManager[Tools]:
    """The node is opened only by a command that needs it."""
    return provider(open_node(), wiring.services)()


def main(arguments: list[str] | None = None) -> int:
    """Runs one command and returns its exit code."""
    log.configure(os.environ.get("WARROOM_LOG_LEVEL", "info"))
    command.provide(_tools)
    try:
        result: Any = app(
            sys.argv[1:] if arguments is None else arguments,
            exit_on_error=False,
            result_action="return_value",
        )
    except cyclopts.CycloptsError:
        return 2
    except WarRoomError as error:
        sys.stderr.write(text(language_of_terminal(), f"error.{error.code}", **error.params) + "\n")
        return EXIT[error.kind]
    except (KeyboardInterrupt, asyncio.CancelledError):
        return 130
    return result if isinstance(result, int) else 0
