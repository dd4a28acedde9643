"""`warroom webhook`: from making one to its end, at the command line."""

import io
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import cyclopts
import pytest

from tests.hub.test_webhooks import World, world
from warroom.hub import commands
from warroom.kernel import command
from warroom.kernel.db import Database
from warroom.kernel.services import Services
from warroom.kernel.settings import Configuration

__all__ = ["world"]


def test_a_webhook_is_made_tried_rotated_and_removed(
    world: World,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    @asynccontextmanager
    async def tools() -> AsyncIterator[command.Tools]:
        db = Database(world.db.dsn, max_size=2)
        await db.open()
        try:
            yield command.Tools(
                db, world.clock, Services(world.services), Configuration({}, {}), world.scope
            )
        finally:
            await db.close()

    command.provide(tools)
    app = cyclopts.App(name="warroom")
    app.command(commands.app)
    monkeypatch.setattr("sys.stdin", io.StringIO())

    def run(*arguments: str, as_json: bool = True) -> Any:
        more = ["--json"] if as_json else []
        app(["webhook", *arguments, *more], exit_on_error=False, result_action="return_value")
        printed = capsys.readouterr().out
        return json.loads(printed) if as_json else printed

    made = run(
        *("add", "--application", "peta", "--name", "peta", "--kind", "camera.changed"),
        *("--url", "http://127.0.0.1:1/hook"),
    )
    tried = run("test", made["id"])
    rotated = run("rotate", made["id"], "--overlap-hours", "2")
    listed = run("list")["items"]
    shown = run("list", as_json=False)
    resent = run("resend", made["id"])
    deliveries = run("deliveries", made["id"])
    run("remove", made["id"])

    assert made["secret"].startswith("whsec_")
    assert (tried["ok"], tried["why"]) == (False, "connect")
    assert rotated["secret"] != made["secret"]
    assert listed[0]["old_secret_until"] == "2026-11-24T08:00:00.000Z"
    assert "pending 0" in shown
    assert (resent["deliveries"], deliveries["items"]) == (0, [])
    assert run("list")["total"] == 0
