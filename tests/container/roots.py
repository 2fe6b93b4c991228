"""Root file systems of Debian, made by mmdebstrap(1), and the wheels for their Python.

They are kept in $COMPLIANCE_TEST_CACHE, else in var/container; what is there for other packages or
requirements is removed.
"""

from __future__ import annotations

import fcntl
import hashlib
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path

from tests.agent.one_file import missing
from tests.container import readme
from tests.support.live import PROJECT

RELEASES = ("bookworm", "trixie")  # Debian 12 and 13
CACHE = Path(os.environ.get("COMPLIANCE_TEST_CACHE", PROJECT / "var" / "container"))
_KEYRING = "/usr/share/keyrings/debian-archive-keyring.gpg"
_INSTALLED = (
    *("systemd", "systemd-sysv", "dbus", "libpam-systemd", "libnss-systemd"),
    *("adduser", "ca-certificates", "login", "openssh-server", "passwd", "python3", "util-linux"),
    "curl",  # by which tests ask the API
)
_MACHINES = ("manylinux_2_28", "manylinux_2_17", "manylinux2014")


def build_all() -> dict[str, Path]:
    """The root of each release; what is not there is built, all at once."""
    for program in ("mmdebstrap", "systemd-nspawn"):
        if shutil.which(program) is None:
            missing(f"{program} is not installed")
    if os.geteuid() != 0:
        missing("only root can boot a container")
    CACHE.mkdir(parents=True, exist_ok=True)
    with _only_one(), ThreadPoolExecutor() as threads:
        return dict(zip(RELEASES, threads.map(_build, RELEASES), strict=True))


def wheels(root: Path) -> Path:
    """A folder with the wheels of requirements.txt for the Python of this root."""
    python = (root / "usr/bin/python3").readlink().name.removeprefix("python")
    requirements = PROJECT / "requirements.txt"
    folder = CACHE / f"wheels-{python}-{_digest(requirements.read_text(encoding='utf-8'))}"
    if folder.exists():
        return folder
    partial = _emptied(f"wheels-{python}-")
    command = [sys.executable, "-m", "pip", "download", "--quiet", "--only-binary=:all:"]
    command += ["--python-version", python, "--dest", str(partial)]
    for machine in _MACHINES:
        command += ["--platform", f"{machine}_{os.uname().machine}"]
    done = subprocess.run(
        [*command, "-r", str(requirements)], capture_output=True, text=True, check=False
    )
    if done.returncode != 0:
        missing(f"pip cannot download the wheels for Python {python}:\n{done.stderr}")
    return partial.rename(folder)


def _build(release: str) -> Path:
    what = ["--variant=minbase", "--skip=cleanup/apt", f"--include={','.join(_INSTALLED)}"]
    # What the README installs is downloaded only, so that its own lines install it.
    later = " ".join(readme.packages("service/deploy/README.md", "Installation"))
    download = f"apt-get --yes --download-only -o APT::Install-Recommends=true install {later}"
    what.append(f'--customize-hook=chroot "$1" sh -c "apt-get clean && {download}"')
    folder = CACHE / f"{release}-{_digest(' '.join(what))}"
    if folder.exists():
        return folder
    partial = _emptied(f"{release}-")
    command = ["mmdebstrap", "--quiet", *what, *_apt_options(), release, str(partial)]
    command.append(f"deb [signed-by={_KEYRING}] {_mirror()} {release} main")
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode != 0:
        missing(f"mmdebstrap cannot build {release}:\n{done.stdout}{done.stderr}")
    return partial.rename(folder)


def _emptied(prefix: str) -> Path:
    """A new folder; what others of its kind left, or an interrupted run, is gone."""
    for old in CACHE.glob(f"{prefix}*"):
        shutil.rmtree(old)
    partial = CACHE / f"{prefix}partial"
    partial.mkdir()
    return partial


def _mirror() -> str:
    """Where this machine has its own release from."""
    release = re.search(r"^VERSION_CODENAME=(\w+)$", _text("/etc/os-release"), re.MULTILINE)
    command = ["apt-get", "update", "--print-uris"]
    shown = subprocess.run(command, capture_output=True, text=True, check=False).stdout
    found = release and re.search(rf"^'(\S+)/dists/{release[1]}/InRelease'", shown, re.MULTILINE)
    if not found:
        missing("apt has no source of Debian")
    return found[1]


def _apt_options() -> list[str]:
    """How this machine's apt fetches: proxies, certificates, dates that are not checked."""
    command = ["apt-config", "dump", "--no-empty"]
    shown = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    ways = r"^Acquire::(?:https?::.*|Check-(?:Valid-Until|Date)) \"[^\"]*\";$"
    return [f"--aptopt={line}" for line in re.findall(ways, shown, re.MULTILINE)]


@contextmanager
def _only_one() -> Iterator[None]:
    with (CACHE / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()[:12]


def _text(path: str) -> str:
    return Path(path).read_text(encoding="utf-8")
