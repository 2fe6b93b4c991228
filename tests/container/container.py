"""A booted Debian: systemd-nspawn(1) on a root file system that stays as it is."""

from __future__ import annotations

import os
import shlex
import subprocess
import tempfile
import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Self

from tests.agent.one_file import missing
from tests.container.notifications import Notifications

_BOOT_SECONDS = 60
_END_SECONDS = 30

# Runs in a mount namespace of its own, so that all mounts, and what was written, end with it. /run
# is hidden from nspawn, which would leave folders there. When stdin ends, as it does at the latest
# when the test's process ends, all is killed. When the machine inside reboots, nspawn ends with 133
# (--keep-unit), and is started again on the same root.
_BOOT = """\
set -eu
for folder in $CGROUPS; do echo $$ >"$folder/cgroup.procs"; done
exec 3<&0 </dev/null
{ cat <&3; echo 1 >"$KILL"; } &
exec 3<&-
mount -t tmpfs tmpfs /run
mount -t tmpfs tmpfs "$FOLDER"
cd "$FOLDER"
mkdir upper work root
mount -t overlay overlay -o "lowerdir=$LOWER,upperdir=upper,workdir=work" root
echo "$NAME" >root/etc/hostname
while code=0; systemd-nspawn "$@" || code=$?; [ $code = 133 ]; do :; done
exit $code
"""


@dataclass(frozen=True, slots=True)
class Outcome:
    """How a script ended, and what it printed on stdout and stderr."""

    code: int
    output: str
    errors: str


class Container:
    """Boots when it is started; nothing of it is left when it is stopped.

    It has a loopback interface and no other network. binds: folders of this machine, by the path
    at which they can be read inside.
    """

    def __init__(self, root: Path, name: str, binds: Mapping[str, Path]) -> None:
        self._root = root
        self._name = name
        self._binds = binds
        self._folder = Path(tempfile.mkdtemp(prefix="container-"))
        self._mount_point = self._folder / "mounted"
        self._mount_point.mkdir()
        self._cgroups = [folder / self._folder.name for folder in _own_cgroups()]
        self._notifications = Notifications(self._folder / "notify")
        self._process: subprocess.Popen[bytes] | None = None

    def start(self) -> Self:
        for folder in self._cgroups:
            folder.mkdir()
        command = ["unshare", "--mount", "--propagation=private", "sh", "-c", _BOOT, "boot"]
        command += ["--quiet", f"--directory={self._mount_point}/root", f"--machine={self._name}"]
        command += ["--private-network", "--register=no", "--keep-unit", "--notify-ready=yes"]
        command += [f"--bind-ro={path}:{inside}" for inside, path in self._binds.items()]
        with (self._folder / "console").open("wb") as console:
            self._process = subprocess.Popen(
                [*command, "--console=pipe", "--boot"],
                env={
                    **os.environ,
                    "CGROUPS": " ".join(map(str, self._cgroups)),
                    "FOLDER": str(self._mount_point),
                    "KILL": str(self._cgroups[0] / "cgroup.kill"),
                    "LOWER": str(self._root),
                    "NAME": self._name,
                    "NOTIFY_SOCKET": str(self._notifications.path),
                    # As both releases have it; this machine's own mix of versions is not theirs.
                    "SYSTEMD_NSPAWN_UNIFIED_HIERARCHY": "1",
                },
                stdin=subprocess.PIPE,
                stdout=console,
                stderr=console,
                start_new_session=True,
            )
        self._wait_until_booted()
        return self

    def run(self, script: str, *, folder: str = "/root") -> str:
        """What a script of bash prints as root inside; it must end well."""
        outcome = self.try_to_run(script, folder=folder)
        if outcome.code != 0:
            raise AssertionError(f"{script}\nended with {outcome.code}:\n{outcome}")
        return outcome.output

    def try_to_run(self, script: str, *, folder: str = "/root") -> Outcome:
        """Runs it as a unit of its own, which ends with it."""
        done = self._systemd_run("--wait", "--pipe", f"--working-directory={folder}", script=script)
        return Outcome(done.returncode, done.stdout, done.stderr)

    def start_unit(self, name: str, script: str) -> None:
        """A script that goes on until `systemctl stop NAME`."""
        done = self._systemd_run(f"--unit={name}", script=script)
        assert done.returncode == 0, done.stderr

    def path(self, inside: str) -> Path:
        """Where a file of the container is for this machine; not through links that leave it."""
        return Path(f"/proc/{self._notifications.leader}/root{inside}")

    def wait_until(self, condition: str, seconds: float = 30) -> None:
        """Until a command of bash ends well."""
        self.run(
            f"timeout {seconds} bash -c {shlex.quote(f'until {condition}; do sleep 0.2; done')}"
        )

    def reboot(self) -> None:
        self._notifications.expect_start()
        self.try_to_run("systemctl reboot")  # which may end before it says so
        self._wait_until_booted()

    def stop(self) -> None:
        """Ends it at once, and removes all that there is of it, whatever state it is in."""
        if self._process is not None and self._process.stdin is not None:
            self._process.stdin.close()
            self._process.wait()
        self._notifications.close()
        for folder in self._cgroups:
            _remove(folder)
        (self._folder / "console").unlink(missing_ok=True)
        self._mount_point.rmdir()
        self._folder.rmdir()

    def _wait_until_booted(self) -> None:
        deadline = time.monotonic() + _BOOT_SECONDS
        while time.monotonic() < deadline:
            if self._notifications.wait_for_start(0.5):
                return
            if self._process is None or self._process.poll() is not None:
                break
        console = (self._folder / "console").read_text(encoding="utf-8", errors="replace")
        raise AssertionError(f"{self._root.name} does not boot:\n{console}")

    def _systemd_run(self, *options: str, script: str) -> subprocess.CompletedProcess[str]:
        inside = ["nsenter", f"--target={self._notifications.leader}", "--all"]
        command = ["systemd-run", "--quiet", "--collect", "--service-type=exec", *options]
        command.append("--description=commands of a test")
        command += ["--setenv=HOME=/root", "--setenv=DEBIAN_FRONTEND=noninteractive"]
        return subprocess.run(
            # dollars are not systemd's to replace
            [*inside, *command, "/bin/bash", "-euo", "pipefail", "-c", script.replace("$", "$$")],
            capture_output=True,
            text=True,
            check=False,
            stdin=subprocess.DEVNULL,
        )


def _own_cgroups() -> list[Path]:
    """The folders of our own cgroup in which systemd keeps account of processes.

    Version 2 first, by which all of them can be killed; then name=systemd, where there is that.
    """
    mounts = [line.split(" ") for line in _lines("/proc/self/mounts")]
    found = {}
    for line in _lines("/proc/self/cgroup"):
        _, controllers, path = line.split(":", 2)
        for _, point, kind, options, *_ in mounts:
            if (kind == "cgroup2" and not controllers) or (
                kind == "cgroup" and controllers == "name=systemd" in options.split(",")
            ):
                found[kind] = Path(point) / path.lstrip("/")
    if "cgroup2" not in found:
        missing("there is no cgroup of version 2")
    return [found[kind] for kind in sorted(found, reverse=True)]


def _lines(path: str) -> list[str]:
    return Path(path).read_text(encoding="utf-8").splitlines()


def _remove(cgroup: Path) -> None:
    deadline = time.monotonic() + _END_SECONDS
    for below, _, _ in os.walk(cgroup, topdown=False):
        while True:
            try:
                Path(below).rmdir()
            except OSError:  # busy, while what was killed ends
                if time.monotonic() > deadline:
                    raise
                time.sleep(0.05)
            else:
                break
