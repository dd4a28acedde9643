"""Checks of what runs: pages, ports, proxy, cameras, trunks, backups."""

import asyncio
import json
import secrets
import socket
import ssl
import urllib.error
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import psycopg

from warroom.app.backup import keys, manifest
from warroom.app.backup.settings import BackupSettings
from warroom.app.backup.state import read_state
from warroom.app.calls import calls_socket
from warroom.app.doctor.contracts import Found, Patient
from warroom.app.doctor.database import connected
from warroom.app.doctor.machine import judge_certificate
from warroom.app.health import ASK_HEADER, ask_file
from warroom.app.node import media_socket
from warroom.calls import api as calls
from warroom.identity import api as identity
from warroom.kernel.errors import WarRoomError
from warroom.kernel.settings import make_run_dir

SILENT_MOST = 0.05
CAMERA_CLOCK_MS = 2_000
WAL_BEHIND_S = 600
_ANSWER_S = 5.0

_CAMERAS = """
    select count(*) as total,
        count(*) filter (where s.camera_id is null or s.state = 'unknown') as unknown,
        count(*) filter (where s.state in ('offline', 'late')) as silent,
        count(*) filter (where s.recording) as recorded,
        count(*) filter (where abs(s.clock_offset_ms) > %s) as wrong_clock
    from camera c left join camera_state s on s.camera_id = c.id
    where c.removed_at is null and c.enabled
"""


def check_ports(patient: Patient) -> Iterator[Found]:
    """Our own web server holds the port; nobody else does."""
    settings = patient.node.settings
    told: dict[str, object] = {"host": settings.host, "port": settings.port}
    host = "127.0.0.1" if settings.host in ("0.0.0.0", "") else settings.host  # noqa: S104
    host = "::1" if host == "::" else host
    try:
        answer = _get(f"http://{_bracketed(host)}:{settings.port}/healthz")
    except OSError:
        taken = _is_taken(host, settings.port)
        yield Found("ports", "failed", "port_taken" if taken else "port_silent", told)
        return
    lacks = answer.get("lacks")
    if lacks is None:
        yield Found("ports", "failed", "port_taken", told)
    elif lacks:
        yield Found("ports", "warning", "serve_lacks", told | {"lacks": ", ".join(lacks)})
    else:
        yield Found("ports", "ok", "port_fine", told)


def check_processes(patient: Patient) -> Iterator[Found]:
    """The recorder and the calls edge of this node have their sockets open."""
    settings = patient.node.settings
    places = {"media": media_socket(settings), "calls": calls_socket(settings)}
    missing = [name for name, path in places.items() if not _listens(path)]
    if missing:
        yield Found("processes", "warning", "process_missing", {"names": ", ".join(missing)})
    else:
        yield Found("processes", "ok", "processes_fine")


def check_proxy(patient: Patient) -> Iterator[Found]:
    """Through `public_url` the node sees who asks, and that it was by https.

    It asks itself with a number that only who can read its folder knows, and is told the address
    and the scheme that the request arrived with.
    """
    url = patient.node.configuration.section(identity.IdentitySettings).public_url
    if not url:
        yield Found("proxy", "unknown", "proxy_no_url")
        return
    parts = urlsplit(url)
    if parts.scheme == "https":
        yield from _certificate_of(parts.hostname or "", parts.port or 443, patient)
    else:
        yield Found("certificates", "warning", "proxy_no_tls", {"url": url})
    make_run_dir(patient.node.settings.run)
    path, word = ask_file(patient.node.settings), secrets.token_urlsafe(24)
    path.unlink(missing_ok=True)
    path.touch(mode=0o600)
    path.write_text(word)
    try:
        answer = _get(f"{url.rstrip('/')}/healthz", {ASK_HEADER: word})
    except OSError as error:
        yield Found("proxy", "failed", "proxy_away", {"url": url, "kind": type(error).__name__})
        return
    finally:
        path.unlink(missing_ok=True)
    seen = answer.get("seen")
    if seen is None:
        yield Found("proxy", "failed", "proxy_other", {"url": url})
    elif seen["scheme"] != parts.scheme:
        yield Found("proxy", "failed", "proxy_scheme", {"url": url, "scheme": seen["scheme"]})
    elif seen["is_proxied"] and not seen["is_believed"]:
        yield Found(
            "proxy", "failed", "proxy_not_trusted", {"url": url, "address": seen["address"]}
        )
    elif not _is_here(seen["address"]):
        told = {"url": url, "address": seen["address"]}
        yield Found("proxy", "warning", "proxy_address", told)
    else:
        yield Found("proxy", "ok", "proxy_fine", {"url": url, "address": seen["address"]})


def check_cameras(patient: Patient) -> Iterator[Found]:
    """Cameras are recorded, none is silent, and their clocks are right."""
    try:
        with connected(patient.dsn) as connection:
            found = connection.execute(_CAMERAS, [CAMERA_CLOCK_MS]).fetchone()
    except psycopg.Error:
        yield Found("cameras", "unknown", "needs_database")
        return
    if found is None or not found["total"]:
        yield Found("cameras", "unknown", "cameras_none")
        return
    not_seen = found["silent"] + found["unknown"]
    told = {**found, "silent": not_seen}
    if not_seen == found["total"]:
        yield Found("cameras", "failed", "cameras_all_silent", told)
    elif not_seen > SILENT_MOST * found["total"]:
        yield Found("cameras", "warning", "cameras_silent", told)
    elif found["recorded"] < found["total"] - not_seen:
        yield Found("cameras", "warning", "cameras_not_recorded", told)
    else:
        yield Found("cameras", "ok", "cameras_fine", told)
    if found["wrong_clock"]:
        yield Found("clock", "warning", "clock_cameras", told | {"seconds": CAMERA_CLOCK_MS / 1000})


def check_trunks(patient: Patient) -> Iterator[Found]:
    """The calls edge answers, and every trunk that takes our calls answers it.

    What the edge knows of them is from its own OPTIONS requests (RFC 3261, section 11); no call is
    made, for that would ring at an operator.
    """
    configured = patient.node.configuration.section(calls.CallSettings).trunks
    if not configured:
        yield Found("trunk", "unknown", "trunk_none")
        return
    edge = calls.EdgeClient(calls_socket(patient.node.settings))
    try:
        known = asyncio.run(edge.ask("snapshot"))["trunks"]
    except WarRoomError:
        yield Found("trunk", "failed", "trunk_edge_away")
        return
    away = [trunk["name"] for trunk in known if not trunk["is_there"]]
    if away:
        yield Found("trunk", "failed", "trunk_away", {"names": ", ".join(away)})
    else:
        yield Found("trunk", "ok", "trunk_fine", {"count": len(configured), "asked": len(known)})


def check_backups(patient: Patient) -> Iterator[Found]:
    """A backup was made not long ago, its folder and its key are there, and WAL follows."""
    node = patient.node
    settings = node.configuration.section(BackupSettings)
    state = read_state(node.settings.data)
    if state is None or state.ended_at is None:
        yield Found("backups", "failed", "backup_none")
        return
    folder, now = Path(state.folder), node.clock.now()
    hours = (now - state.ended_at).total_seconds() / 3600
    told: dict[str, object] = {"folder": state.folder, "hours": round(hours, 1)}
    if not (folder / state.last / manifest.MANIFEST).exists():
        yield Found("backups", "failed", "backup_gone", told)
    elif hours > settings.warn_after_h:
        yield Found("backups", "warning", "backup_old", told)
    else:
        yield Found("backups", "ok", "backup_fine", told)
    key = keys.key_path(settings, None)
    if not settings.passphrase and not key.exists():
        yield Found("backups", "failed", "backup_no_key", {"file": str(key)})
    if state.slot and state.reached_at is not None:
        behind_s = (now - state.reached_at).total_seconds()
        if behind_s > WAL_BEHIND_S:
            yield Found("backups", "warning", "backup_wal", {"minutes": round(behind_s / 60)})


def _certificate_of(host: str, port: int, patient: Patient) -> Iterator[Found]:
    # Whoever answers is looked at, trusted or not: an expired one is what is looked for.
    context = ssl.create_default_context()
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    try:
        with (
            socket.create_connection((host, port), _ANSWER_S) as plain,
            context.wrap_socket(plain, server_hostname=host) as secure,
        ):
            shown = secure.getpeercert(binary_form=True) or b""
    except OSError as error:
        told = {"url": f"{host}:{port}", "kind": type(error).__name__}
        yield Found("certificates", "failed", "certificate_not_shown", told)
        return
    pem = ssl.DER_cert_to_PEM_cert(shown).encode()
    yield judge_certificate(pem, f"{host}:{port}", patient.node.clock.now())


def _get(url: str, headers: dict[str, str] | None = None) -> dict[str, Any]:
    """An answer of `/healthz`; empty where something else answers.

    Raises:
        OSError: Nobody answers.
    """
    request = urllib.request.Request(url, headers=headers or {})  # noqa: S310 - from the settings
    # Nothing between: a proxy of the environment would stand for the city's.
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    try:
        with opener.open(request, timeout=_ANSWER_S) as answer:
            told = json.loads(answer.read(65_536))
    except (urllib.error.HTTPError, ValueError):
        return {}
    return told if isinstance(told, dict) else {}


def _bracketed(host: str) -> str:
    return f"[{host}]" if ":" in host else host


def _is_taken(host: str, port: int) -> bool:
    try:
        with socket.create_connection((host, port), 1.0):
            return True
    except OSError:
        return False


def _listens(path: Path) -> bool:
    with socket.socket(socket.AF_UNIX) as probe:
        probe.settimeout(2.0)
        try:
            probe.connect(str(path))
        except OSError:
            return False
    return True


def _is_here(address: str) -> bool:
    """Whether an address is one of this machine's."""
    family = socket.AF_INET6 if ":" in address else socket.AF_INET
    with socket.socket(family, socket.SOCK_DGRAM) as probe:
        try:
            probe.bind((address, 0))
        except OSError:
            return False
    return True
