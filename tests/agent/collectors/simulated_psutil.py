"""Reads processes by psutil's own module for another system, over a native one in memory.

Run as `python -m tests.agent.collectors.simulated_psutil SYSTEM`, because psutil chooses its module
once in a program. SYSTEM is win32 or darwin. Prints the rows as a list of lists (JSON).
"""

from __future__ import annotations

import itertools
import json
import ntpath
import os
import sys
import types
from typing import Any

from agent.collectors import psutil_reader

VERSION = 722
DENIED, VANISHED = "denied", "vanished"
# The path that the native function gives for each process.
WINDOWS = {
    0: DENIED,
    4: "",
    100: "Registry",
    200: r"\Device\HarddiskVolume3\Windows\System32\svchost.exe",
    300: DENIED,
    400: r"\\server\share\tool.exe",
    500: r"\Device\HarddiskVolume9\without-drive.exe",
    600: VANISHED,
    700: r"\??\D:\tool.exe",
}
MACOS = {0: DENIED, 1: "/sbin/launchd", 200: "", 300: DENIED, 400: "/opt/täst", 600: VANISHED}


class _MissingDeviceError(OSError):
    winerror = 2


class _VanishedError(ProcessLookupError):
    winerror = 87


def _path(paths: dict[int, str], pid: int) -> str:
    if paths[pid] == DENIED:
        raise PermissionError
    if paths[pid] == VANISHED:
        raise _VanishedError
    return paths[pid]


def _dos_device(name: str) -> str:
    if name != r"\Device\HarddiskVolume3":
        raise _MissingDeviceError
    return "C:"


def _native(name: str, **functions: Any) -> None:
    """Every other name in capitals is a number of its own, and the rest are functions."""
    module: Any = types.ModuleType(name)
    numbers = itertools.count(1)

    def other(attribute: str) -> object:
        if attribute.startswith("__"):
            raise AttributeError(attribute)
        return next(numbers) if attribute.isupper() else lambda *_arguments: None

    module.__getattr__ = other
    module.version = VERSION
    vars(module).update(functions)
    sys.modules[f"psutil.{name}"] = module


def _simulate_windows() -> None:
    os.name, os.path, sys.platform = "nt", ntpath, "win32"
    _native(
        "_psutil_windows",
        WINVER=100,
        WINDOWS_8_1=63,
        pids=lambda: list(WINDOWS),
        ppid_map=lambda: dict.fromkeys(WINDOWS, 4),
        proc_exe=lambda pid: _path(WINDOWS, pid),
        proc_cmdline=lambda _pid, **_options: ["/bin/sh", "-i"],
        proc_times=lambda _pid: (0.0, 0.0, 1700000000.5),
        proc_username=lambda _pid: ("HOST", "user"),
        QueryDosDevice=_dos_device,
    )


def _simulate_macos() -> None:
    sys.platform = "darwin"
    kinfo = (1, 501, 501, 501, 20, 20, 20, 0, 1700000000.5, 2, "name")
    _native(
        "_psutil_osx",
        ZombieProcessError=type("ZombieProcessError", (Exception,), {}),
        boot_time=lambda: 1690000000.0,
        pids=lambda: list(MACOS),
        proc_kinfo_oneshot=lambda _pid: kinfo,
        proc_exe=lambda pid: _path(MACOS, pid),
        proc_cmdline=lambda _pid: ["/bin/sh", "-i"],
    )


if __name__ == "__main__":
    {"win32": _simulate_windows, "darwin": _simulate_macos}[sys.argv[1]]()
    import psutil

    rows = list(psutil_reader.read_processes(psutil))
    sys.stdout.write(json.dumps(rows))
