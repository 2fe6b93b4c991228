"""The operating system and its version."""

from __future__ import annotations

import os
import sys
from typing import TYPE_CHECKING, NamedTuple

from agent.collectors import macos, release_files, windows
from agent.collectors.os_release import parse_os_release
from agent.machine import read_text

if TYPE_CHECKING:
    from agent.machine import Machine

_VERSION_MEMBERS = ("VERSION_ID", "VERSION", "BUILD_ID", "PRETTY_NAME")


class OperatingSystem(NamedTuple):
    name: str
    version: str


def collect(machine: Machine) -> OperatingSystem:
    if machine.rootfs is None and sys.platform == "win32":
        release = windows.release()
        return OperatingSystem(release.name, release.build)
    if machine.rootfs is None and sys.platform == "darwin":
        return OperatingSystem("macOS", macos.version())
    for path in ("/etc/os-release", "/usr/lib/os-release"):
        try:
            text = read_text(machine.root(path))
        except OSError:  # missing or a broken link; the second path is the fallback
            continue
        members = parse_os_release(text)
        if any(members.get(key) for key in ("NAME", *_VERSION_MEMBERS)):
            return from_os_release(members, kernel(machine))
    older = release_files.collect(machine)
    if older is None:
        return kernel(machine)
    return OperatingSystem(older.name, older.version or kernel(machine).version)


def kernel(machine: Machine) -> OperatingSystem:
    """The name and release of the kernel, such as Linux and 6.1.0-18-amd64."""
    facts = []
    for file, local in (("ostype", "sysname"), ("osrelease", "release")):
        try:
            fact = read_text(machine.proc(f"sys/kernel/{file}")).strip()
        except OSError:  # not Linux, or missing in a copied tree
            fact = ""
        facts.append(fact or getattr(os.uname(), local))
    return OperatingSystem(*facts)


def from_os_release(release: dict[str, str], fallback: OperatingSystem) -> OperatingSystem:
    """Name and version by os-release; every member is optional (Arch has no VERSION_ID).

    os-release(5): without NAME the name is "Linux".
    """
    version = next((release[key] for key in _VERSION_MEMBERS if release.get(key)), fallback.version)
    return OperatingSystem(release.get("NAME") or "Linux", version)
