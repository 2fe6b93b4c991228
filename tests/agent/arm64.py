"""An arm64 Python: Debian packages, unpacked into a folder and run by qemu-user."""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path

from tests.agent import one_file

# apt for another architecture, independent of this system.
CONFIGURATION = """
APT::Architecture "arm64";
APT::Architectures {{ "arm64"; }};
APT::Install-Recommends "false";
APT::Sandbox::User "root";
Dir::State "{folder}/state";
Dir::State::status "{folder}/status";
Dir::Cache "{folder}/cache";
"""


def arm64_python(folder: Path) -> list[str]:
    """The command that runs it; skips the test, or fails in CI, if a tool is missing."""
    needed = {"qemu-aarch64": "qemu-user", "apt-get": "apt", "dpkg-deb": "dpkg"}
    for tool, package in needed.items():
        if shutil.which(tool) is None:
            one_file.missing(f"{tool} is not installed (Debian: {package})")
    root = folder / "root"
    for name in ("state/lists/partial", "cache/archives/partial", "root"):
        (folder / name).mkdir(parents=True)
    (folder / "status").touch()
    configuration = folder / "apt.conf"
    configuration.write_text(CONFIGURATION.format(folder=folder), "utf-8")
    environment = {**os.environ, "APT_CONFIG": str(configuration)}
    for arguments in ("update", "--yes --download-only install python3"):
        done = one_file.run("apt-get", *arguments.split(), env=environment, timeout=300)
        if done.returncode != 0:
            one_file.missing(f"Debian's packages for arm64 cannot be downloaded: {done.stderr}")
    for archive in sorted((folder / "cache" / "archives").glob("*.deb")):
        subprocess.run(["dpkg-deb", "--extract", str(archive), str(root)], check=True)
    python = min((root / "usr" / "bin").glob("python3.[0-9]*"))
    return ["qemu-aarch64", "-L", str(root), str(python)]
