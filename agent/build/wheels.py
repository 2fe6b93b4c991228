"""The wheels for the one file: which ones, and how to get them."""

from __future__ import annotations

import hashlib
import subprocess
import sys
import zipfile
from pathlib import Path
from typing import NamedTuple

LOCK = Path(__file__).with_name("wheels.txt")


class WheelError(Exception):
    """A wheel cannot be downloaded, or differs from the lock file."""


class Wheel(NamedTuple):
    """A line of the lock file.

    place: the build of psutil (linux-x86_64-glibc), or the oldest Python that uses this release
        of urllib3 (python3.9)
    platform, python: the arguments for pip
    """

    place: str
    platform: str
    python: str
    file: str
    sha256: str

    @property
    def requirement(self) -> str:
        """The requirement for pip, such as psutil==7.2.2."""
        return "==".join(self.file.split("-")[:2])


def locked_wheels() -> list[Wheel]:
    lines = LOCK.read_text("utf-8").splitlines()
    return [Wheel(*line.split()) for line in lines if line and not line.startswith("#")]


def fetch(wheel: Wheel, folder: Path) -> Path:
    """The path of the wheel, downloaded with pip if it is missing, with a verified hash.

    Raises WheelError.
    """
    path = folder / wheel.file
    if not path.is_file():
        _download(wheel, folder)
    if not path.is_file():
        raise WheelError(f"pip did not download {wheel.file}")
    if hashlib.sha256(path.read_bytes()).hexdigest() != wheel.sha256:
        raise WheelError(f"{path} is not the file that {LOCK.name} names; delete it and try again")
    return path


def _download(wheel: Wheel, folder: Path) -> None:
    # One call per platform: pip gives only one wheel for several platforms.
    command = [sys.executable, "-m", "pip", "download", "--quiet", "--no-deps"]
    command += ["--disable-pip-version-check", "--only-binary=:all:", "--dest", str(folder)]
    command += ["--python-version", wheel.python, "--platform", wheel.platform, wheel.requirement]
    done = subprocess.run(command, capture_output=True, text=True, check=False)  # noqa: S603
    if done.returncode != 0:
        raise WheelError(f"pip cannot download {wheel.requirement}:\n{done.stderr.strip()}")


def read(path: Path) -> dict[str, bytes]:
    """The files of a wheel by name."""
    with zipfile.ZipFile(path) as archive:
        return {name: archive.read(name) for name in archive.namelist() if not name.endswith("/")}
