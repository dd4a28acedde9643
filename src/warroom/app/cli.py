"""The command line: `warroom --help`.

Exit codes: 0 good, 1 refused or failed with a sentence, 2 wrong usage.
"""

import asyncio
import os
import sys
from contextlib import AbstractAsyncContextManager
from typing import Any

import cyclopts
import psycopg

from warroom.app import startup_faults
from warroom.app.node import open_node, provider, start_database
from warroom.kernel import command, log
from warroom.kernel.command import Tools, say
from warroom.kernel.errors import WarRoomError
from warroom.kernel.i18n import language_of_terminal, text
from warroom.kernel.settings import Configuration, SettingsError

COMMANDS = {
    "agency": "warroom.identity.commands:agency",
    "alerts": "warroom.alerts.commands:app",
    "application": "warroom.identity.token_commands:application",
    "audit": "warroom.audit.commands:app",
    "backup": "warroom.app.backup.commands:app",
    "bench": "warroom.app.benches:app",
    "calls": "warroom.app.calls:calls",
    "camera": "warroom.cameras.commands:app",
    "city": "warroom.roads.commands:app",
    "demo": "warroom.app.demo:demo",
    "doctor": "warroom.app.doctor.commands:doctor",
    "grant": "warroom.identity.commands:grant",
    "incident": "warroom.dispatch.commands:app",
    "install": "warroom.app.install:install",
    "media": "warroom.app.media:media",
    "node": "warroom.app.node_commands:app",
    "privacy": "warroom.privacy.commands:app",
    "provider": "warroom.identity.provider_commands:app",
    "recording": "warroom.recording.hold_commands:app",
    "request": "warroom.access.commands:request",
    "restore": "warroom.app.backup.commands:restore",
    "review": "warroom.access.commands:review",
    "route": "warroom.routing.commands:app",
    "serve": "warroom.app.serving:serve",
    "setup": "warroom.app.setup:setup",
    "token": "warroom.identity.token_commands:token",
    "trunk": "warroom.calls.trunk_commands:trunk",
    "uninstall": "warroom.app.install:uninstall",
    "unit": "warroom.units.commands:app",
    "up": "warroom.app.processes:up",
    "upgrade": "warroom.app.upgrade:upgrade",
    "user": "warroom.identity.commands:user",
    "webhook": "warroom.hub.commands:app",
    "webrtc": "warroom.app.webrtc:webrtc",
}
"""Word -> where the command or its group is; loaded by who uses it (decision 51)."""

app = cyclopts.App(
    name="warroom",
    help="War Room: an operations centre for a city. Begin with: warroom demo",
    version="0.1.0",
)
database = cyclopts.App(name="db", help="The database: schema and safety.")
configuration = cyclopts.App(name="config", help="Settings.")
for _part in (database, configuration):
    app.command(_part)
for _name, _path in COMMANDS.items():
    app.command(_path, name=_name)


@app.command
def routes(*, json: bool = False) -> None:
    """Lists every HTTP route, socket topic and media path with its action word and guard.

    Example: warroom routes --json.

    Args:
        json: One JSON object instead of a table.
    """
    from warroom.app import wiring  # noqa: PLC0415 - decision 51
    from warroom.app.asgi import create_app, guard_table  # noqa: PLC0415 - decision 51

    table = guard_table(create_app(wiring.wire(open_node())))
    lines = [
        f"{e['method']:10} {e['path']:50} {e['guard']}"
        + (" (goes on without the database)" if e["stands_alone"] else "")
        for e in table["routes"]
    ]
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
    from warroom.app.migrate import is_current  # noqa: PLC0415 - decision 51

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
    from warroom.app.wiring import SECTIONS  # noqa: PLC0415 - decision 51

    shown = open_node().configuration.shown(SECTIONS)
    lines: list[str] = []
    for section, values in shown.items():
        lines += [f"[{section}]", *(f"{name} = {value!r}" for name, value in values.items()), ""]
    say(shown, as_json=json, text="\n".join(lines).rstrip())


def _tools() -> AbstractAsyncContextManager[Tools]:
    """The node is opened, and the product loaded, only by a command that needs it."""
    from warroom.app.wiring import services  # noqa: PLC0415 - decision 51

    return provider(open_node(), services)()


def _log_settings() -> log.LogSettings:
    """The section `log`; its defaults where the file cannot be read.

    `setup` and `install` write that file, and every other command that needs it says what is wrong.
    """
    try:
        configuration = Configuration.read(os.environ)
    except SettingsError:
        configuration = Configuration({}, os.environ)
    return configuration.section(log.LogSettings)


def main(arguments: list[str] | None = None) -> int:
    """Runs one command and returns its exit code.

    Raises:
        Error: PostgreSQL refused what we asked of it: a fault of ours.
        OSError: A fault that is not of the machine.
    """
    command.provide(_tools)
    try:
        log.configure(_log_settings())
        result: Any = app(
            sys.argv[1:] if arguments is None else arguments,
            exit_on_error=False,
            result_action="return_value",
        )
    except cyclopts.CycloptsError:
        return 2
    except WarRoomError as error:
        sys.stderr.write(text(language_of_terminal(), f"error.{error.code}", **error.params) + "\n")
        return 1
    except (OSError, psycopg.Error) as error:
        told = startup_faults.sentence(error, language_of_terminal())
        if told is None:
            raise
        sys.stderr.write(told + "\n")
        return 1
    except (KeyboardInterrupt, asyncio.CancelledError):
        return 130
    return result if isinstance(result, int) else 0
