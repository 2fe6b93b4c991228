from __future__ import annotations

import os
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

from agent.collectors.logins import Login
from agent.collectors.stale_logins import without_dead
from agent.machine import Machine
from tests.agent.trees import write_process

if TYPE_CHECKING:
    from pathlib import Path


def test_login_of_a_dead_process_is_left_out() -> None:
    with subprocess.Popen(["/bin/true"]) as dead:
        pass
    logins = [Login(os.getpid(), "ana"), Login(dead.pid, "ghost"), Login(2**31 - 1, "ghost")]
    assert without_dead(Machine(), [*logins, Login(2**40, "ghost")]) == logins[:1]


def test_login_without_a_process_stays() -> None:
    assert without_dead(Machine(), [Login(None, "ana")]) == [Login(None, "ana")]


@pytest.mark.skipif(os.getuid() != 0, reason="only root can become somebody else")
def test_login_of_a_process_of_somebody_else_stays() -> None:
    code = (
        "import os\n"
        "from agent.collectors.logins import Login\n"
        "from agent.collectors.stale_logins import without_dead\n"
        "from agent.machine import Machine\n"
        "os.setuid(54321)\n"
        "print(without_dead(Machine(), [Login(1, 'ana')]))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert "ana" in done.stdout, done.stderr


def test_logins_of_a_tree_are_compared_with_its_processes(tmp_path: Path) -> None:
    write_process(tmp_path, 1, "init")
    write_process(tmp_path, 1500, "sshd")
    logins = [Login(1500, "ana"), Login(31999, "ghost")]
    assert without_dead(Machine(procfs=str(tmp_path), rootfs="/x"), logins) == logins[:1]


@pytest.mark.parametrize("procfs", [True, False])
def test_logins_of_a_tree_without_visible_processes_stay(tmp_path: Path, procfs: bool) -> None:
    machine = Machine(procfs=str(tmp_path) if procfs else None, rootfs=str(tmp_path))
    assert without_dead(machine, [Login(2**31 - 1, "ana")]) == [Login(2**31 - 1, "ana")]
