"""Runs the operator's manual: `unshare -mnpf --mount-proc --kill-child python manual.py ...`.

It must be started in namespaces of its own. What the commands write lies in overlays that are gone
with the namespace; the network is an empty one.
"""

import json
import os
import shlex
import shutil
import subprocess
import sys
import time
import urllib.error
import urllib.request
from pathlib import Path

OVERLAID = ("/etc", "/usr/local", "/root", "/srv", "/var")
START = "systemctl enable --now warroom.target"
READY = "http://127.0.0.1:8112/readyz"
READY_S = 120


def run(*words: str) -> None:
    subprocess.run(words, check=True)


def settle(checkout: Path, folder: Path) -> None:
    """Makes the machine of the manual: a checkout in /opt/warroom, and nothing else of ours."""
    run("ip", "link", "set", "lo", "up")
    run("mount", "-t", "tmpfs", "tmpfs", str(folder))
    pth = folder / "warroom-src.pth"
    pth.write_text("/opt/warroom/src\n")
    # Kept open for its path: overlays may hide where the checkout lies.
    source = os.open(checkout, os.O_RDONLY | os.O_DIRECTORY)
    run("mount", "-t", "tmpfs", "-o", "mode=755", "tmpfs", "/opt")
    Path("/opt/warroom").mkdir()
    subprocess.run(
        ["mount", "--bind", f"/proc/self/fd/{source}", "/opt/warroom"],
        check=True,
        pass_fds=[source],
    )
    for path in Path("/opt/warroom/.venv/lib").glob("python3*/site-packages/warroom-src.pth"):
        run("mount", "--bind", str(pth), str(path))
    for number, place in enumerate(OVERLAID):
        upper, work = folder / f"{number}.upper", folder / f"{number}.work"
        upper.mkdir()
        work.mkdir()
        upper.chmod(Path(place).stat().st_mode & 0o7777)
        words = f"lowerdir={place},upperdir={upper},workdir={work}"
        run("mount", "-t", "overlay", "overlay", "-o", words, place)
    run("mount", "-t", "tmpfs", "-o", "mode=755", "tmpfs", "/run")
    # A bare Debian has no cluster yet: another one would have the port that the manual names.
    shutil.rmtree("/etc/postgresql", ignore_errors=True)


def start(unit: Path) -> None:
    """Starts a service as its unit says: command, user, environment; there is no systemd here."""
    said = dict(line.partition("=")[::2] for line in unit.read_text().splitlines() if "=" in line)
    environment = dict(word.partition("=")[::2] for word in shlex.split(said["Environment"]))
    subprocess.Popen(
        ["setpriv", f"--reuid={said['User']}", f"--regid={said['Group']}", "--init-groups",
         "--no-new-privs", "--bounding-set=-all", "--inh-caps=-all",
         *shlex.split(said["ExecStart"])],
        env={"PATH": os.environ["PATH"], **environment},
        cwd=said["WorkingDirectory"],
        umask=int(said["UMask"], 8),
    )  # fmt: skip
    for _ in range(READY_S * 5):
        try:
            urllib.request.urlopen(READY, timeout=5).close()
        except (urllib.error.URLError, OSError):
            time.sleep(0.2)
        else:
            return
    sys.exit(f"{unit.name} is not ready after {READY_S} s")


def main(checkout: str, folder: str, plan: str) -> None:
    """Runs the blocks in their order; the first that fails ends it, with its place."""
    blocks = json.loads(Path(plan).read_text())
    settle(Path(checkout), Path(folder))
    os.environ.update(PATH="/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin",
                      HOME="/root", LANG="C.UTF-8")  # fmt: skip
    for name in [name for name in os.environ if name.startswith(("WARROOM_", "PG", "PYTHON"))]:
        del os.environ[name]
    for block in blocks:
        if block["is_run"]:
            done = subprocess.run(
                ["bash", "-euo", "pipefail", "-c", block["content"]], cwd="/root", check=False
            )
            if done.returncode != 0:
                sys.exit(f"{block['place']}: exit {done.returncode}")
            sys.stdout.write(f"ran {block['place']}\n")
            sys.stdout.flush()
        elif START in block["content"] and block["place"].startswith("setup.md"):
            start(Path("/etc/systemd/system/warroom-serve.service"))


if __name__ == "__main__":
    main(*sys.argv[1:])
