"""The operator's manual is true: its commands exist, its metrics are exported, and it is run."""

import json
import os
import re
import shlex
import shutil
import subprocess
import sys
from dataclasses import fields
from pathlib import Path
from typing import Any

import cyclopts
import pytest
from prometheus_client.parser import text_string_to_metric_families

from warroom.app import wiring
from warroom.app.cli import app
from warroom.kernel import metrics
from warroom.recording.assembler import Counters
from warroom.recording.contracts import DiskState

FENCE = re.compile(r"^```sh(?P<mark>[^\n]*)\n(?P<content>.*?)^```$", re.MULTILINE | re.DOTALL)
MARK = re.compile(r" (run|by-hand: \S.+)")
METRIC = re.compile(r"\bwarroom_[a-z0-9_]+")
PROGRAMS = ("unshare", "setpriv", "pg_createcluster", "nginx", "openssl", "curl", "ip",
            "systemd-sysusers", "systemd-tmpfiles")  # fmt: skip


@pytest.fixture
def manual(repository: Path) -> Path:
    return repository / "docs" / "operate"


def pages(manual: Path) -> list[Path]:
    """Pages in the order of the table of contents."""
    named = re.findall(r"^\d+\. \[.+\]\((.+)\)$", (manual / "README.md").read_text(), re.MULTILINE)
    return [manual / name for name in named]


def blocks(manual: Path) -> list[dict[str, Any]]:
    found = []
    for page in pages(manual):
        content = page.read_text()
        for match in FENCE.finditer(content):
            line = content.count("\n", 0, match.start()) + 1
            found.append(
                {
                    "place": f"{page.name}:{line}",
                    "mark": match["mark"],
                    "is_run": match["mark"] == " run",
                    "content": match["content"],
                }
            )
    return found


def test_every_page_is_in_the_table_of_contents(manual: Path) -> None:
    assert set(manual.glob("*.md")) == {*pages(manual), manual / "README.md"}


def test_every_block_is_run_or_says_why_not(manual: Path) -> None:
    assert [] == [block["place"] for block in blocks(manual) if not MARK.fullmatch(block["mark"])]


def commands(manual: Path) -> list[tuple[str, list[str]]]:
    """Every call of our command line in the blocks, with its place."""
    found = []
    for block in blocks(manual):
        for line in block["content"].splitlines():
            match = re.search(r"(?:^|[|;] |\./)warroom (?!\|)(.+?)(?: \|\|.*| >.*)?$", line)
            if match and "-czf" not in line:
                found.append((block["place"], shlex.split(match[1])))
    return found


def test_every_command_and_option_of_the_manual_exists(manual: Path) -> None:
    wrong = []
    for place, words in commands(manual):
        try:
            app.parse_args(words, exit_on_error=False, print_error=False)
        except cyclopts.CycloptsError as error:
            wrong.append(f"{place}: warroom {shlex.join(words)}: {error}")

    assert wrong == []
    assert len(commands(manual)) > 25


def registered() -> set[str]:
    """Names of our own processes' metrics, as `/metrics` tells them."""
    assert wiring.ROUTERS  # everything that counts is loaded with it
    families = text_string_to_metric_families(metrics.exposition().decode())
    return {
        family.name + ("_total" if family.type == "counter" else "") for family in families
    }  # fmt: skip


def recorder() -> set[str]:
    """Names of the recorder's metrics (`app.recorder_metrics` over `Engine.status`)."""
    engine = ("up", "streams", "live", "late", "offline", "recording")
    counters = [field.name for field in fields(Counters)]
    disks = [f"disk_{field.name}" for field in fields(DiskState)]
    return {f"warroom_media_{name}" for name in (*engine, *counters, *disks)}


def base(name: str) -> str:
    return re.sub(r"_bucket$", "", name)


@pytest.mark.parametrize("name", ["alerts.yaml", "grafana.json"])
def test_rules_and_dashboard_name_metrics_that_are_exported(name: str, manual: Path) -> None:
    named = {base(word) for word in METRIC.findall((manual / name).read_text())}

    assert set() == named - registered() - recorder()
    assert len(named) >= 9


def test_every_exported_metric_is_in_the_manual(manual: Path) -> None:
    told = (manual / "monitoring.md").read_text()

    assert [] == sorted(
        name for name in registered() if name not in told and not name.endswith("_created")
    )


def test_prometheus_takes_the_rules(manual: Path) -> None:
    if shutil.which("promtool") is None:
        pytest.skip("no promtool (Debian: prometheus)")
    words = ["promtool", "check", "rules", str(manual / "alerts.yaml")]
    told = subprocess.run(words, capture_output=True, text=True, check=False)
    assert told.returncode == 0, told.stdout + told.stderr


@pytest.mark.nightly
def test_the_manual_leads_from_a_bare_debian_to_a_city(
    manual: Path, repository: Path, tmp_path: Path
) -> None:
    if os.geteuid() != 0:
        pytest.skip("only root makes a machine of its own out of namespaces")
    missing = [program for program in PROGRAMS if shutil.which(program) is None]
    if missing or not Path("/usr/lib/postgresql/17/bin").is_dir():
        pytest.skip(f"not here: {', '.join(missing) or 'postgresql-17'}")
    alone = ["unshare", "-mnpf", "--mount-proc", "--kill-child"]
    if subprocess.run([*alone, "true"], check=False, capture_output=True).returncode != 0:
        pytest.skip("this machine allows no namespaces (CAP_SYS_ADMIN)")
    plan, folder = tmp_path / "plan.json", tmp_path / "machine"
    folder.mkdir()
    plan.write_text(json.dumps(blocks(manual)))

    done = subprocess.run(
        [*alone, sys.executable, str(Path(__file__).with_name("manual.py")),
         str(repository), str(folder), str(plan)],
        capture_output=True, text=True, check=False,
    )  # fmt: skip

    assert done.returncode == 0, done.stdout[-3000:] + done.stderr[-3000:]
    assert done.stdout.count("ran ") == sum(block["is_run"] for block in blocks(manual))
    assert not Path("/etc/systemd/system/warroom.target").exists()
