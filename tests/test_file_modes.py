"""Whatever the service and its commands make is for their owner alone, whatever the umask."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.support.commands import run
from tests.support.live import PROJECT, LiveService
from tests.support.reports import report


def open_to_others(folder: Path) -> list[str]:
    return [
        f"{path}: {path.stat().st_mode & 0o7777:o}"
        for path in (folder, *folder.rglob("*"))
        if path.stat().st_mode & 0o777 != (0o700 if path.is_dir() else 0o600)
    ]


@pytest.fixture
def lax() -> object:
    """A umask that takes nothing away, for this process and those that it starts."""
    before = os.umask(0)
    yield
    os.umask(before)


@pytest.mark.torture
@pytest.mark.usefixtures("lax")
def test_all_files_are_for_their_owner_alone(tmp_path: Path) -> None:
    live = LiveService(tmp_path / "new" / "var")
    tmp_path.chmod(0o700)
    (tmp_path / "new").mkdir(mode=0o700)
    live.start()
    try:
        assert live.post(report()).status == 201
        assert open_to_others(live.data) == []
        assert run(("token", "create", "--scope", "admin"), live.data).returncode == 0
        assert run("rebuild", live.data).returncode == 0
        assert open_to_others(live.data) == []
    finally:
        live.stop()
    assert run(("rebuild", "--swap"), live.data).returncode == 0
    assert run("compact", live.data).returncode == 0
    assert run("migrate", live.data).returncode == 0
    assert open_to_others(live.data) == []


@pytest.mark.usefixtures("lax")
@pytest.mark.parametrize("command", [["migrate"], ["token", "create", "--scope", "admin"]])
def test_a_command_that_comes_first_makes_private_folders(
    tmp_path: Path, command: list[str]
) -> None:
    assert run(command, tmp_path / "a" / "b" / "var").returncode == 0
    assert open_to_others(tmp_path / "a") == []


@pytest.mark.torture
@pytest.mark.usefixtures("lax")
def test_a_killed_rebuild_leaves_private_files(tmp_path: Path) -> None:
    live = LiveService(tmp_path / "var").start()
    try:
        for second in range(30):
            assert live.post(report(fecha_hora=f"2026-01-01 00:00:{second:02d}")).status == 201
    finally:
        live.kill()
    environ = os.environ | {"COMPLIANCE_DATA": str(live.data)}
    child = subprocess.Popen([sys.executable, "-m", "service", "rebuild"], cwd=PROJECT, env=environ)
    folder = live.data / "compliance.db.rebuilding"
    while not (folder / "compliance.db-wal").exists() and child.poll() is None:
        pass
    child.kill()
    child.wait()
    assert open_to_others(live.data) == []


def test_files_of_earlier_versions_are_closed_to_others(tmp_path: Path) -> None:
    assert run("migrate", tmp_path / "var").returncode == 0
    database, day = tmp_path / "var" / "compliance.db", tmp_path / "var" / "archive" / "a.jsonl"
    day.touch()
    database.chmod(0o644)
    day.chmod(0o664)
    assert run("migrate", tmp_path / "var").returncode == 0
    assert database.stat().st_mode & 0o777 == 0o640
    assert day.stat().st_mode & 0o777 == 0o660
