"""What tests of the chains share: anchors in a folder, and a hand that tampers as the superuser."""

from collections.abc import Callable
from pathlib import Path

import psycopg
import pytest

from warroom.audit import api
from warroom.kernel.postgres import Connections


@pytest.fixture
def anchors(tmp_path: Path) -> api.Anchoring:
    """Anchors in a file of the test's own."""
    return api.open_anchoring(tmp_path, api.AuditSettings())


@pytest.fixture
def tamper(connections: Connections) -> Callable[[str], None]:
    """Runs statements as the superuser, past walls and triggers."""

    def run(statements: str) -> None:
        with psycopg.connect(connections.superuser) as connection:
            connection.execute("set session_replication_role = replica")
            connection.execute(statements)  # type: ignore[arg-type]

    return run


@pytest.fixture
def one_chain(tamper: Callable[[str], None]) -> Callable[[str], None]:
    """Leaves only chain 3 to write to, and gives a way to tamper with it."""
    tamper("delete from audit_head where chain <> 3")
    return tamper
