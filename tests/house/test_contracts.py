"""The import contracts of this repository catch what is planted against them."""

import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

STUBS = (
    "warroom/app/wiring",
    "warroom/wall/api",
    "warroom/dispatch/service",
    "warroom/enforcement/violations/red_light/detect",
    "warroom/evidence/api",
    "warroom/live/service",
    "warroom/recording/api",
    "warroom/recording/contracts",
    "warroom/recording/store",
    "warroom/recording/rules",
    "warroom/cameras/routes",
    "warroom/cameras/api",
    "warroom/cameras/service",
    "warroom/cameras/store",
    "warroom/cameras/contracts",
    "warroom/cameras/vendors/axis/driver",
    "warroom/cameras/vendors/dahua/driver",
    "warroom/security/api",
    "warroom/identity/api",
    "warroom/audit/api",
    "warroom/kernel/db",
    "warroom/kernel/http",
    "warroom/kernel/outbox",
    "warroom/kernel/blobs",
    "simcity/rtsp/server",
)

# importer -> imported, and a word of the contract that must break.
FORBIDDEN = [
    ("warroom.cameras.service", "warroom.recording.api", "downward"),
    ("warroom.recording.api", "warroom.live.service", "downward"),
    ("warroom.enforcement.api", "warroom.security.api", "downward"),
    ("warroom.evidence.api", "warroom.dispatch.service", "downward"),
    ("warroom.kernel.db", "warroom.audit.api", "downward"),
    ("warroom.cameras.store", "warroom.cameras.service", "Inside a domain"),
    ("warroom.cameras.service", "warroom.cameras.api", "Inside a domain"),
    ("warroom.cameras.vendors.axis.driver", "warroom.cameras.service", "Inside a domain"),
    ("warroom.evidence.api", "warroom.recording.store", "api and contracts"),
    ("warroom.live.service", "warroom.recording", "api and contracts"),
    ("warroom.live.service", "warroom.cameras.routes", "api and contracts"),
    ("warroom.app.wiring", "warroom.cameras.store", "api and contracts"),
    ("warroom.cameras.vendors.axis.driver", "warroom.cameras.vendors.dahua.driver", "Plug-ins"),
    ("warroom.recording.rules", "warroom.kernel.db", "input or output"),
    ("warroom.cameras.contracts", "warroom.kernel.outbox", "input or output"),
    ("simcity.rtsp.server", "warroom.recording.api", "simulated city"),
    ("warroom.recording.api", "simcity.rtsp.server", "simulated city"),
    ("warroom.newcomer.api", "warroom.kernel.db", "downward"),
]
ALLOWED = [
    ("warroom.dispatch.service", "warroom.evidence.api"),
    ("warroom.live.service", "warroom.recording.contracts"),
    ("warroom.app.wiring", "warroom.cameras.routes"),
    ("warroom.cameras.service", "warroom.kernel.db"),
    ("warroom.cameras.vendors.axis.driver", "warroom.cameras.contracts"),
]

type Plant = Callable[[str, str], subprocess.CompletedProcess[str]]


@pytest.fixture
def plant(tmp_path: Path, repository: Path) -> Plant:
    """Makes a tree of stubs with one import in it and checks the contracts."""

    def write(module: str, text: str) -> None:
        path = tmp_path / "src" / f"{module}.py"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
        for folder in path.relative_to(tmp_path / "src").parents[:-1]:
            (tmp_path / "src" / folder / "__init__.py").touch()

    def check(importer: str, imported: str) -> subprocess.CompletedProcess[str]:
        for stub in STUBS:
            write(stub, "")
        write(importer.replace(".", "/"), f"import {imported}\n")
        shutil.copy(repository / ".importlinter", tmp_path)
        return subprocess.run(
            [sys.executable, str(repository / "tools" / "contracts.py"), str(tmp_path)],
            cwd=tmp_path,
            capture_output=True,
            text=True,
            check=False,
            env={"COLUMNS": "200", "PATH": "/usr/bin:/bin"},
        )

    return check


@pytest.mark.parametrize(("importer", "imported", "contract"), FORBIDDEN)
def test_planted_import_is_found(importer: str, imported: str, contract: str, plant: Plant) -> None:
    done = plant(importer, imported)

    broken = [line for line in done.stdout.splitlines() if line.endswith("BROKEN")]
    assert any(contract in line for line in broken), done.stdout + done.stderr
    assert 1 == done.returncode


@pytest.mark.parametrize(("importer", "imported"), ALLOWED)
def test_import_that_is_meant_passes(importer: str, imported: str, plant: Plant) -> None:
    done = plant(importer, imported)

    assert 0 == done.returncode, done.stdout + done.stderr


def test_a_breach_is_told_with_its_line_and_what_to_use(plant: Plant) -> None:
    done = plant("warroom.evidence.api", "warroom.recording.store")

    sentence = "warroom.evidence.api (l.1) reaches into warroom.recording.store: use its api or"
    assert sentence in done.stdout
