from __future__ import annotations

import json
import os
import subprocess
import sys
from typing import Any

import pytest

from agent.collectors.psutil_reader import PsutilRow, absolute_path
from tests.agent.command import FOLDER


def simulated(system: str) -> dict[int, PsutilRow]:
    command = [sys.executable, "-m", "tests.agent.collectors.simulated_psutil", system]
    done = subprocess.run(command, cwd=FOLDER, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    rows: list[Any] = json.loads(done.stdout)
    return {row[0]: PsutilRow(*row) for row in rows}


def test_windows_has_only_absolute_paths_that_the_system_gives() -> None:
    rows = simulated("win32")
    assert {pid: row.executable for pid, row in rows.items()} == {
        0: None,
        4: None,
        100: None,
        200: r"C:\Windows\System32\svchost.exe",
        300: None,
        400: r"\\server\share\tool.exe",
        500: None,
        700: r"D:\tool.exe",
    }
    assert rows[200] == (200, "svchost.exe", r"HOST\user", 4, 1700000000.5, rows[200][5], None)
    names = [rows[pid].name for pid in (0, 4, 100)]
    assert names == ["System Idle Process", "System", "Registry"]


def test_macos_has_only_paths_that_the_system_gives() -> None:
    rows = simulated("darwin")
    assert {pid: row.executable for pid, row in rows.items()} == {
        0: None,
        1: "/sbin/launchd",
        200: None,
        300: None,
        400: "/opt/täst",
    }
    assert rows[1] == (1, "name", 501, 1, 1700000000.5, "/sbin/launchd", None)


@pytest.mark.parametrize("path", [r"\Windows\x.exe", r"C:x.exe", "Registry", "x/y", "", "1:\\x"])
def test_relative_path_of_windows_is_unknown(path: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "name", "nt")
    assert absolute_path(path) is None


@pytest.mark.parametrize("path", ["(unreachable)/bin/x", "C:\\x.exe", ""])
def test_relative_path_of_other_systems_is_unknown(path: str) -> None:
    assert absolute_path(path) is None
