"""The doctor sees each fault for itself, says what to do, and no check of it hides another."""

import ast
import asyncio
import json
import re
import threading
from collections.abc import Iterable, Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx
import psycopg
import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509.oid import NameOID
from psycopg.conninfo import make_conninfo

from tests.recording.footage import Disk
from warroom.app import doctor, health
from warroom.app.asgi import Wiring, create_app
from warroom.app.backup.state import State, write_state
from warroom.app.cli import main
from warroom.app.doctor import database, machine, service
from warroom.app.doctor.contracts import Found, Patient
from warroom.app.doctor.runner import run_checks
from warroom.app.node import Node
from warroom.identity import api as identity
from warroom.kernel.clock import FixedClock
from warroom.kernel.db import Database
from warroom.kernel.i18n import COMPLETE, catalogue
from warroom.kernel.postgres import Connections
from warroom.kernel.settings import Configuration, NodeSettings, make_run_dir

NOW = datetime(2026, 11, 24, 6, 0, tzinfo=UTC)


def node_of(folder: Path, connections: Connections | None = None, **environment: str) -> Node:
    folder.chmod(0o700)
    (folder / "run").mkdir(exist_ok=True)
    configuration = Configuration({}, {"WARROOM_DATA_DIR": str(folder), **environment})
    return Node(
        configuration,
        configuration.section(NodeSettings),
        FixedClock(NOW),
        None,
        connections or Connections("", "host=/nowhere", "host=/nowhere"),
    )


def patient_of(folder: Path, connections: Connections | None = None, **more: str) -> Patient:
    node = node_of(folder, connections, **more)
    return Patient(node, node.connections.superuser or node.connections.owner)


def words(found: Iterable[Found]) -> dict[str, str]:
    return {one.word: one.state for one in found}


def test_a_check_that_breaks_or_hangs_hides_no_other(tmp_path: Path) -> None:
    held = threading.Event()

    def breaks(_: Patient) -> Iterator[Found]:
        yield Found("breaks", "ok", "half")
        raise ZeroDivisionError

    def hangs(_: Patient) -> Iterator[Found]:
        held.wait()
        yield Found("hangs", "ok", "late")

    def works(_: Patient) -> Iterator[Found]:
        yield Found("works", "ok", "fine")

    checks = {"breaks": breaks, "hangs": hangs, "works": works}
    try:
        found = list(run_checks(patient_of(tmp_path), checks, limit_s=4))
    finally:
        held.set()

    assert words(found) == {
        "half": "ok", "broke": "unknown", "too_slow": "unknown", "fine": "ok"
    }  # fmt: skip


def test_every_finding_has_its_texts_in_every_language() -> None:
    folder = Path(doctor.__file__).parent
    states: dict[str, set[str]] = {}
    for path in folder.glob("*.py"):
        for call in ast.walk(ast.parse(path.read_text())):
            if isinstance(call, ast.Call) and getattr(call.func, "id", "") == "Found":
                said = [
                    {leaf.value for leaf in ast.walk(argument) if isinstance(leaf, ast.Constant)}
                    for argument in call.args[1:3]
                ]
                for word in said[1]:
                    states.setdefault(str(word), set()).update(map(str, said[0]))
    for language in COMPLETE:
        texts = catalogue(language)
        for word, seen in states.items():
            assert f"app.doctor_{word}" in texts, word
            if seen - {"ok"} and not re.search("fine|days$|current$", word):
                assert f"app.doctor_do_{word}" in texts, word
    assert len(states) > 40


def test_the_whole_is_one_object_and_fails_where_something_did(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("WARROOM_DATA_DIR", str(tmp_path / "war room"))
    monkeypatch.setenv("WARROOM_DATABASE_URL", "host=127.0.0.1 port=9 user=x dbname=y")
    monkeypatch.setenv("LANG", "id_ID.UTF-8")

    assert main(["doctor", "--json"]) == 1

    told = json.loads(capsys.readouterr().out)["checks"]
    assert {"name", "state", "why", "do"} == set(told[0])
    assert {"disk", "clock", "database", "versions", "keys", "certificates", "ports", "proxy",
            "cameras", "trunk", "backups", "logs"} <= {one["name"] for one in told}  # fmt: skip
    assert {one["state"] for one in told} <= {"ok", "warning", "failed", "unknown"}
    (away,) = [one for one in told if one["name"] == "database"]
    assert away["state"] == "failed"
    assert "tidak dapat dihubungi" in away["why"]


def test_the_rights_of_the_applications_role_are_looked_at(
    tmp_path: Path, postgres: Connections
) -> None:
    def look(app: str) -> dict[str, str]:
        return words(database.check_database(patient_of(tmp_path, replace(postgres, app=app))))

    assert look(postgres.app)["database_fine"] == "ok"
    assert look(postgres.owner)["database_owner"] == "failed"
    assert look(postgres.superuser)["database_superuser"] == "failed"
    wrong = make_conninfo(postgres.app, password="hush")
    assert look(wrong) == {"database_away": "failed"}


def test_schema_wal_and_bloat_are_looked_at(tmp_path: Path, postgres: Connections) -> None:
    patient = patient_of(tmp_path, postgres)

    assert words(database.check_schema(patient)) == {"schema_current": "ok"}
    assert words(database.check_wal(patient)) == {"wal_fine": "ok"}
    assert words(database.check_bloat(patient)) == {"bloat_fine": "ok"}
    with psycopg.connect(postgres.owner) as connection:
        connection.execute("create table vanishing(n int)")
        connection.rollback()
    assert words(database.check_schema(patient_of(tmp_path))) == {"needs_database": "unknown"}


@pytest.mark.parametrize(
    ("quota", "told"), [(10**12, {"disk_days": "ok"}), (10**6, {"disk_short": "warning"})]
)
def test_days_of_footage_are_told_from_what_a_day_brings(
    quota: int, told: dict[str, str], tmp_path: Path
) -> None:
    disk = Disk(tmp_path / "video")
    for number in range(3):
        disk.add_segment(int(NOW.timestamp() * 1000) - 3_600_000 + number * 4000)
    disk.close()
    patient = patient_of(tmp_path, WARROOM_RECORDING_QUOTA_BYTES=str(quota))

    found = [one for one in machine.check_disks(patient) if "class_name" in one.params]

    assert words(found) == told
    assert found[0].params["class_name"] == "standard"


def certificate(days: int) -> bytes:
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "trunk.example")])
    built = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(NOW - timedelta(days=90))
        .not_valid_after(NOW + timedelta(days=days, hours=1))
        .sign(key, hashes.SHA256())
    )
    return built.public_bytes(Encoding.PEM)


@pytest.mark.parametrize(("days", "state"), [(60, "ok"), (5, "warning"), (-3, "failed")])
def test_a_certificate_is_judged_by_its_days(days: int, state: str, tmp_path: Path) -> None:
    file = tmp_path / "trunk.pem"
    file.write_bytes(certificate(days))
    patient = patient_of(tmp_path, WARROOM_CALLS_TLS_CERTIFICATE=str(file))

    (found,) = machine.check_certificates(patient)

    assert found.state == state
    assert found.params["days"] == days


def test_keys_that_others_can_read_are_named(tmp_path: Path) -> None:
    patient = patient_of(tmp_path)
    missing = words(machine.check_keys(patient))
    keys = tmp_path / "keys"
    keys.mkdir(mode=0o700)
    (keys / "seal.key").touch(mode=0o600)
    (keys / "seal.key").write_bytes(b"k" * 31)
    damaged = words(machine.check_keys(patient))
    (keys / "seal.key").write_bytes(b"k" * 32)
    fine = words(machine.check_keys(patient))
    (keys / "seal.key").chmod(0o640)

    assert missing == {"keys_missing": "failed"}
    assert damaged == {"keys_damaged": "failed"}
    assert fine == {"keys_fine": "ok"}
    assert words(machine.check_keys(patient)) == {"keys_open": "failed"}


def test_a_folder_that_others_can_enter_is_named(tmp_path: Path) -> None:
    patient = patient_of(tmp_path)
    fine = words(machine.check_data_folder(patient))
    tmp_path.chmod(0o755)

    assert fine == {"data_fine": "ok"}
    assert words(machine.check_data_folder(patient)) == {"data_open": "warning"}


def test_the_age_of_the_last_backup_is_told(tmp_path: Path) -> None:
    key = tmp_path / "backup.key"
    patient = patient_of(tmp_path, WARROOM_BACKUP_KEY_FILE=str(key))
    never = words(service.check_backups(patient))
    made = tmp_path / "backups" / "20261124T050000Z"
    state = State(folder=str(made.parent), last=made.name, ended_at=NOW - timedelta(hours=1))
    write_state(tmp_path, state)
    gone = words(service.check_backups(patient))
    made.mkdir(parents=True)
    (made / "manifest.json").touch()
    key.touch()
    fresh = words(service.check_backups(patient))
    old = State(
        folder=str(made.parent), last=made.name, ended_at=NOW - timedelta(hours=48),
        slot="s", wal="wal/s", reached_at=NOW - timedelta(hours=2),
    )  # fmt: skip
    write_state(tmp_path, old)

    assert never == {"backup_none": "failed"}
    assert gone == {"backup_gone": "failed", "backup_no_key": "failed"}
    assert fresh == {"backup_fine": "ok"}
    assert words(service.check_backups(patient)) == {
        "backup_old": "warning", "backup_wal": "warning"
    }  # fmt: skip


SEEN = {"address": "127.0.0.1", "scheme": "http", "is_proxied": True, "is_believed": True}


@pytest.mark.parametrize(
    ("seen", "told"),
    [
        (SEEN, {"proxy_fine": "ok"}),
        (SEEN | {"is_believed": False}, {"proxy_not_trusted": "failed"}),
        (SEEN | {"scheme": "https"}, {"proxy_scheme": "failed"}),
        (SEEN | {"address": "192.0.2.7"}, {"proxy_address": "warning"}),
        (None, {"proxy_other": "failed"}),
    ],
)
def test_what_a_proxy_hands_on_is_judged(
    seen: dict[str, object] | None,
    told: dict[str, str],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    answer = {} if seen is None else {"seen": seen}
    monkeypatch.setattr(service, "_get", lambda _url, _headers=None: answer)
    patient = patient_of(tmp_path, WARROOM_IDENTITY_PUBLIC_URL="http://city.example")

    found = words(service.check_proxy(patient))

    assert {"proxy_no_tls": "warning", **told} == found
    assert not health.ask_file(patient.node.settings).exists()


def test_only_who_knows_the_word_is_told_how_a_request_arrived(
    tmp_path: Path, db: Database, clock: FixedClock, loop_runner: asyncio.Runner
) -> None:
    node = node_of(tmp_path)
    app = create_app(
        Wiring(
            _nobody, db, clock, identity.system_scope("test", clock), "test", tmp_path, [],
            services={NodeSettings: node.settings},
        )
    )  # fmt: skip
    make_run_dir(node.settings.run)  # as `open_node` does
    file = health.ask_file(node.settings)

    async def ask(word: str) -> dict[str, Any]:
        transport = httpx.ASGITransport(app, client=("192.0.2.9", 4711))
        async with httpx.AsyncClient(transport=transport, base_url="http://test") as client:
            answer = await client.get("/healthz", headers={health.ASK_HEADER: word})
        told: dict[str, Any] = answer.json()
        return told

    without_file = loop_runner.run(ask("guess"))
    file.write_text("the word")
    wrong, right = loop_runner.run(ask("guess")), loop_runner.run(ask("the word"))

    assert "seen" not in without_file
    assert "seen" not in wrong
    assert right["seen"] == {
        "address": "192.0.2.9", "scheme": "http", "is_proxied": False, "is_believed": False
    }  # fmt: skip


async def _nobody(_: object) -> None:
    return None
