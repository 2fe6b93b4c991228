"""Commands that are killed in any of their system calls: run again, they do their work."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path

import pytest

from tests.support import engine
from tests.support.commands import run
from tests.support.live import PROJECT, LiveService
from tests.support.reports import report

SWAP = ("rebuild", "--swap")
CALLS = {
    "rename": range(1, 9),
    "link": range(1, 3),
    "unlink": range(1, 25, 2),
    "fsync": range(1, 9),
    "fdatasync": (1, 2, 3, 5, 8, 13, 21, 34),
    "pwrite64": (1, 10, 40, 100, 200, 400, 800),
    "ftruncate": (1, 2, 3),
    "rmdir": (1,),
}


@pytest.fixture(scope="module")
def prepared(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A rebuilt database, and reports and a revocation that came after it."""
    live = LiveService(tmp_path_factory.mktemp("killed") / "var").start()
    admin = run(("token", "create", "--scope", "admin"), live.data).stdout.strip()
    run(("token", "create", "--scope", "lectura"), live.data)
    for number in range(40):
        if number == 20:
            assert run("rebuild", live.data).returncode == 0
            assert run(("token", "revoke", "2"), live.data).returncode == 0
        document = report(9, marca_proc=str(number), ipaddress=f"10.0.0.{number % 3}")
        assert live.post(document, Authorization=f"Bearer {admin}").status == 201
    live.kill()
    return live.data


def state(data: Path) -> tuple[engine.Rows, engine.Rows]:
    database = data / "compliance.db"
    return (
        engine.rows(database, "SELECT marca_proc, id_serv FROM servers ORDER BY id_serv"),
        engine.rows(database, "SELECT id, revoked_at IS NULL FROM token ORDER BY id"),
    )


def kills(data: Path, arguments: Sequence[str]) -> Iterator[tuple[str, int]]:
    """Runs the command again and again, killed each time in another system call."""
    environ = os.environ | {"COMPLIANCE_DATA": str(data), "PYTHONDONTWRITEBYTECODE": "1"}
    for call, times in CALLS.items():
        for when in times:
            yield call, when
            inject = f"inject={call}:signal=SIGKILL:when={when}"
            traced = ["strace", "-f", "-qq", "-o", os.devnull, "-e", f"trace={call}", "-e", inject]
            ended = subprocess.run(
                [*traced, sys.executable, "-m", "service", *arguments],
                cwd=PROJECT,
                env=environ,
                capture_output=True,
                check=False,
            )
            if ended.returncode != -signal.SIGKILL:
                break  # it has no more of these calls


@pytest.mark.torture
@pytest.mark.timeout(900)
@pytest.mark.parametrize("command", [("rebuild",), SWAP, ("compact",), ("check", "--repair")])
def test_a_command_that_was_killed_is_run_again(
    prepared: Path, tmp_path: Path, command: Sequence[str]
) -> None:
    data, killed = tmp_path / "var", 0

    def begin() -> None:
        shutil.rmtree(data, ignore_errors=True)
        subprocess.run(["cp", "-a", prepared, data], check=True)
        if command == ("rebuild",):
            (data / "compliance.db.rebuilt").unlink()

    begin()
    wanted = state(data)
    for call, when in kills(data, command):
        if killed:
            _finish(data, command, f"{call} {when}")
            assert state(data) == wanted, (call, when)
        begin()
        killed += 1
    assert killed > 12


def _finish(data: Path, command: Sequence[str], place: str) -> None:
    """What an operator does after a crash: the same command, and then the check."""
    ended = run(command, data)
    if command == SWAP and ended.returncode == 1:  # it is in place
        assert "is not there: make it first" in ended.stderr, place
    elif command == ("rebuild",) and ended.returncode == 1:
        assert "exists: put it into place" in ended.stderr, place
    else:
        assert ended.returncode == 0, (place, ended)
    if command == ("rebuild",):
        assert run(SWAP, data).returncode == 0
    checked = run("check", data)
    assert checked.returncode == 0, (place, checked.stdout)
    left = {path.name.removeprefix("compliance.db") for path in data.glob("compliance.db?*")}
    left = {name for name in left if not name.startswith((".before-", "-wal", "-shm"))}
    assert left <= {".lock", ".rebuilt", ".rebuilt.lock"}, (place, left)
