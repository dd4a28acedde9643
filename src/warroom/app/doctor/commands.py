"""`warroom doctor`."""

from collections.abc import Sequence
from typing import Any

from warroom.app.doctor import database, machine, service
from warroom.app.doctor.contracts import Found, Patient
from warroom.app.doctor.runner import Check, run_checks
from warroom.app.node import open_node
from warroom.kernel.command import say
from warroom.kernel.i18n import language_of_terminal, text

CHECKS: dict[str, Check] = {
    "settings": machine.check_settings,
    "versions": machine.check_versions,
    "data_folder": machine.check_data_folder,
    "disk": machine.check_disks,
    "clock": machine.check_clock,
    "keys": machine.check_keys,
    "database": database.check_database,
    "schema": database.check_schema,
    "wal": database.check_wal,
    "bloat": database.check_bloat,
    "ports": service.check_ports,
    "processes": service.check_processes,
    "certificates": machine.check_certificates,
    "proxy": service.check_proxy,
    "cameras": service.check_cameras,
    "trunk": service.check_trunks,
    "backups": service.check_backups,
    "logs": machine.check_logs,
}
_MARKS = {"ok": " ok ", "warning": "WARN", "failed": "FAIL", "unknown": " ?? "}


def doctor(*, json: bool = False) -> int:
    """Looks at everything this node needs; says what is wrong and what to do. Changes nothing.

    Exit code 1 where something failed.

    Example: warroom doctor --json

    Args:
        json: One JSON object: checks with name, state (ok, warning, failed, unknown), why, do.
    """
    node = open_node()
    patient = Patient(node, node.connections.superuser or node.connections.owner)
    found = list(run_checks(patient, CHECKS))
    told = [_told(one) for one in found]
    say({"checks": told}, as_json=json, text="\n".join(_lines(told)))
    return 1 if any(one.state == "failed" for one in found) else 0


def _told(found: Found) -> dict[str, Any]:
    language = language_of_terminal()
    key = f"app.doctor_do_{found.word}"
    do = "" if found.state == "ok" else text(language, key, **found.params)
    return {
        "name": found.name,
        "state": found.state,
        "why": text(language, f"app.doctor_{found.word}", **found.params),
        "do": "" if do == key else do,
    }


def _lines(told: Sequence[dict[str, Any]]) -> list[str]:
    width = max(len(one["name"]) for one in told)
    lines = []
    for one in told:
        lines.append(f"{_MARKS[one['state']]}  {one['name']:{width}}  {one['why']}")
        if one["do"]:
            lines.append(f"{'':{width + 8}}-> {one['do']}")
    return lines
