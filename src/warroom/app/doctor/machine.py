"""Checks of the node itself: settings, folders, disks, clock, keys, certificates, logs."""

import ctypes
import os
import platform
import shutil
import sqlite3
import stat
from collections.abc import Iterator
from contextlib import closing
from datetime import datetime
from pathlib import Path

from cryptography import x509

from warroom.app.doctor.contracts import Found, Patient
from warroom.calls import api as calls
from warroom.recording import api as recording

DAY_MS = 86_400_000
LEAST_FREE = 0.10
CERTIFICATE_DAYS = 21
OFFSET_US = 500_000
LOG_BYTES = 2 << 30
_TIME_ERROR = 5


class _Timex(ctypes.Structure):
    """`struct timex` of adjtimex(2), as far as it is read; the kernel may write 208 bytes."""

    _fields_ = (
        ("modes", ctypes.c_uint),
        ("offset", ctypes.c_long),
        ("freq", ctypes.c_long),
        ("maxerror", ctypes.c_long),
        ("esterror", ctypes.c_long),
        ("status", ctypes.c_int),
        ("rest", ctypes.c_char * 256),
    )


def check_settings(patient: Patient) -> Iterator[Found]:
    """Every section of the settings can be read."""
    from warroom.app.wiring import SECTIONS  # noqa: PLC0415 - decision 51

    patient.node.configuration.shown(SECTIONS)
    yield Found("settings", "ok", "settings_read", {"count": len(SECTIONS)})


def check_data_folder(patient: Patient) -> Iterator[Found]:
    """The data folder can be written to, and nobody else looks into it."""
    data = patient.node.settings.data
    if not os.access(data, os.W_OK | os.X_OK):
        yield Found("data_folder", "failed", "data_closed", {"folder": str(data)})
        return
    if stat.S_IMODE(data.stat().st_mode) & 0o077:
        yield Found("data_folder", "warning", "data_open", {"folder": str(data)})
        return
    yield Found("data_folder", "ok", "data_fine", {"folder": str(data)})


def check_disks(patient: Patient) -> Iterator[Found]:
    """Free room of every disk, and how long footage stays at the rate of the last day."""
    node = patient.node
    settings = node.configuration.section(recording.RecordingSettings)
    yield from _room(node.settings.data)
    for disk in settings.disk_list(node.settings.data):
        folder = Path(disk.path)
        if not (folder / recording.INDEX_NAME).exists():
            yield Found("disk", "unknown", "disk_no_index", {"folder": str(folder)})
            continue
        if folder.stat().st_dev != node.settings.data.stat().st_dev:
            yield from _room(folder)
        now_ms = int(node.clock.now().timestamp() * 1000)
        yield from _days(folder, disk.quota_bytes, dict(settings.keep_days), now_ms)


def _room(folder: Path) -> Iterator[Found]:
    usage = shutil.disk_usage(folder)
    share = usage.free / usage.total
    told = {"folder": str(folder), "free_gb": round(usage.free / 1e9, 1),
            "percent": round(share * 100)}  # fmt: skip
    if share < LEAST_FREE / 5:
        yield Found("disk", "failed", "disk_full", told)
    elif share < LEAST_FREE:
        yield Found("disk", "warning", "disk_low", told)
    else:
        yield Found("disk", "ok", "disk_room", told)


def _days(
    folder: Path, quota: int, keep_days: dict[str, float], now_ms: int
) -> Iterator[Found]:  # fmt: skip
    """Days that footage of each class stays: what the disk may hold over what a day brings."""
    address = f"{(folder / recording.INDEX_NAME).absolute().as_uri()}?mode=ro"
    with closing(sqlite3.connect(address, uri=True, timeout=2.0)) as index:
        grown = index.execute(
            "select class, sum(bytes), min(start_ms) from segment where start_ms > ?"
            " group by class",
            (now_ms - DAY_MS,),
        ).fetchall()
    a_day = {
        name: size * DAY_MS / max(60_000, now_ms - first) for name, size, first in grown if size
    }
    if not a_day:
        yield Found("disk", "unknown", "disk_no_growth", {"folder": str(folder)})
        return
    # Where the file system is smaller than the quota, the ring is as large as it allows.
    usage = shutil.disk_usage(folder)
    holds_days = min(quota, usage.total) / sum(a_day.values())
    for name, size in sorted(a_day.items()):
        wanted = keep_days.get(name)
        told = {
            "folder": str(folder), "class_name": name, "gb_a_day": round(size / 1e9, 2),
            "days": round(holds_days, 1), "wanted_days": wanted if wanted is not None else "-",
        }  # fmt: skip
        is_short = wanted is not None and holds_days < wanted
        yield Found("disk", "warning" if is_short else "ok",
                    "disk_short" if is_short else "disk_days", told)  # fmt: skip


def check_clock(_: Patient) -> Iterator[Found]:
    """The kernel's clock is disciplined, by its own estimate (adjtimex(2))."""
    state = _Timex()
    libc = ctypes.CDLL(None, use_errno=True)
    answer = libc.adjtimex(ctypes.byref(state))
    if answer < 0:
        yield Found("clock", "unknown", "clock_not_asked")
    elif answer == _TIME_ERROR:
        yield Found("clock", "warning", "clock_free")
    elif state.esterror > OFFSET_US:
        yield Found("clock", "warning", "clock_off", {"ms": round(state.esterror / 1000)})
    else:
        yield Found("clock", "ok", "clock_fine", {"ms": round(state.esterror / 1000, 1)})


def check_versions(patient: Patient) -> Iterator[Found]:
    """What runs here."""
    told = {"python": platform.python_version(), "system": platform.release()}
    if patient.node.embedded is not None:
        told["postgres"] = str(patient.node.embedded.major_version())
    else:
        told["postgres"] = "-"
    yield Found("versions", "ok", "versions", told)


def check_keys(patient: Patient) -> Iterator[Found]:
    """Keys are there, whole, and nobody else reads them."""
    folder = patient.node.settings.data / "keys"
    if not (folder / "seal.key").exists():
        yield Found("keys", "failed", "keys_missing", {"folder": str(folder)})
        return
    if (folder / "seal.key").stat().st_size != 32:
        yield Found("keys", "failed", "keys_damaged", {"file": str(folder / "seal.key")})
        return
    for path in (folder, *sorted(folder.rglob("*"))):
        if stat.S_IMODE(path.stat().st_mode) & 0o077:
            yield Found("keys", "failed", "keys_open", {"file": str(path)})
            return
    yield Found("keys", "ok", "keys_fine", {"count": sum(1 for _ in folder.iterdir())})


def check_certificates(patient: Patient) -> Iterator[Found]:
    """Certificates of files in the settings have days left."""
    settings = patient.node.configuration.section(calls.CallSettings)
    if not settings.tls_certificate:
        yield Found("certificates", "ok", "certificate_none")
        return
    yield judge_certificate(
        Path(settings.tls_certificate).read_bytes(), settings.tls_certificate,
        patient.node.clock.now(),
    )  # fmt: skip


def judge_certificate(pem: bytes, what: str, now: datetime) -> Found:
    """How long a certificate is good for."""
    days = (x509.load_pem_x509_certificates(pem)[0].not_valid_after_utc - now).days
    told: dict[str, object] = {"what": what, "days": days}
    if days < 0:
        return Found("certificates", "failed", "certificate_over", told)
    if days < CERTIFICATE_DAYS:
        return Found("certificates", "warning", "certificate_ends", told)
    return Found("certificates", "ok", "certificate_fine", told)


def check_logs(patient: Patient) -> Iterator[Found]:
    """Log files of the node stay bounded."""
    folder = patient.node.settings.data / "log"
    size = sum(path.stat().st_size for path in folder.glob("*")) if folder.is_dir() else 0
    told = {"folder": str(folder), "mb": round(size / 1e6, 1)}
    yield Found("logs", "warning" if size > LOG_BYTES else "ok",
                "logs_large" if size > LOG_BYTES else "logs_fine", told)  # fmt: skip
