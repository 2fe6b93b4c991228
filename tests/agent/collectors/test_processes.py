from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import psutil
import pytest

from agent.collectors import processes, psutil_reader
from agent.collectors.processes import NoProcessesError, Process
from agent.machine import Machine
from tests.agent.trees import write_file, write_process
from tests.support.live import wait_until

SLEEP = shutil.which("sleep") or "/bin/sleep"
LONG_NAME = "a-program-with-a-long-name"


@pytest.fixture
def strangers(tmp_path: Path) -> Iterator[dict[int, str]]:
    """Running programs with unusual names, by process id."""
    names = [LONG_NAME, "a) S (b", "two words", "two\nlines", "ñandú", "exactly-fifteen"]
    names += ["my long program with blanks", "process-name-töööö", "Шредингерэ"]
    children = []
    for name in names:
        program = tmp_path / name
        shutil.copy(SLEEP, program)
        children.append(subprocess.Popen([str(program), "60"]))
    # execve() happens after Popen() returns where Python uses vfork(); the names must be there.
    wait_until(
        lambda: [_comm(child.pid) for child in children] == [name.encode()[:15] for name in names]
    )
    try:
        yield {child.pid: name for child, name in zip(children, names, strict=True)}
    finally:
        for child in children:
            child.kill()
            child.wait()


def _comm(pid: int) -> bytes:
    return Path(f"/proc/{pid}/comm").read_bytes()[:-1]


Collect = Callable[[], list[Process]]


@pytest.fixture(params=["psutil", "reader"])
def collect(request: pytest.FixtureRequest) -> Collect:
    """Reads the processes of this machine, once by psutil and once by the reader."""
    return through_psutil if request.param == "psutil" else through_reader


def through_reader() -> list[Process]:
    return processes.collect(Machine())


def through_psutil() -> list[Process]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("COMPLIANCE_AGENT_PSUTIL", "1")
        return processes.collect(Machine())


def test_linux_is_read_without_psutil_by_default(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def asked(*_arguments: object) -> None:
        raise LookupError

    monkeypatch.setattr(psutil, "pids", asked)
    assert through_reader()
    with pytest.raises(NoProcessesError, match="LookupError"):
        through_psutil()


def test_reader_replaces_a_missing_psutil(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setitem(sys.modules, "psutil", None)  # as if it were not installed
    mine = next(process for process in through_psutil() if process.pid == os.getpid())
    assert "without psutil" in caplog.text
    assert mine in through_reader()


def test_unusual_names_are_read_correctly(collect: Collect, strangers: dict[int, str]) -> None:
    found = {process.pid: process for process in collect()}
    for pid, name in strangers.items():
        assert found[pid].name == name
        assert found[pid].user == "root" or os.getuid() != 0


@pytest.mark.usefixtures("strangers")
def test_psutil_and_the_reader_give_the_same_processes() -> None:
    """Compares the processes that live through both readings, without kernel workers."""
    first = set(through_psutil())
    between = {process._replace(started_ticks=None) for process in through_reader()}
    last = set(through_psutil())
    stable = {process for process in first & last if not str(process.name).startswith("kworker")}
    assert len(stable) > 6
    assert stable <= between
    lasting = {process.pid for process in stable}
    assert {process for process in between if process.pid in lasting} == stable


def test_this_process_is_listed(collect: Collect) -> None:
    mine = next(process for process in collect() if process.pid == os.getpid())
    assert mine.name == psutil.Process().name()


@pytest.mark.skipif(os.getuid() != 0, reason="only root can become somebody without an account")
def test_user_without_an_account_is_its_id(collect: Collect) -> None:
    with subprocess.Popen([SLEEP, "60"], user=54321) as child:
        try:
            found = {process.pid: process for process in collect()}
            assert found[child.pid][:3] == (child.pid, "sleep", "54321")
        finally:
            child.kill()


@pytest.mark.skipif(os.getuid() != 0, reason="only root can have two users at once")
def test_user_is_the_real_and_not_the_effective_one(collect: Collect) -> None:
    code = "import os, time; os.setresuid(54321, 0, 0); print(flush=True); time.sleep(60)"
    with subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE) as child:
        assert child.stdout is not None
        child.stdout.readline()
        try:
            found = {process.pid: process for process in collect()}
            assert found[child.pid].user == "54321"
        finally:
            child.kill()


def test_zombie_is_listed(collect: Collect) -> None:
    with subprocess.Popen(["/bin/true"]) as child:
        wait_until(lambda: psutil.Process(child.pid).status() == psutil.STATUS_ZOMBIE)
        found = {process.pid: process for process in collect()}
        assert found[child.pid].name == "true"


def test_processes_that_end_while_psutil_reads_are_omitted() -> None:
    """Some end after the list is read, and some between two facts."""
    children = [subprocess.Popen([SLEEP, "60"]) for _ in range(20)]
    try:
        reading = psutil_reader.read_processes(psutil)
        seen = [next(reading)]
        for child in children[::2]:
            child.kill()
            child.wait()
        seen.extend(reading)
    finally:
        for child in children:
            child.kill()
            child.wait()
    numbers = {process.pid for process in seen}
    assert {child.pid for child in children[1::2]} <= numbers
    assert not {child.pid for child in children[::2]} & numbers


def test_denied_values_of_psutil_are_none(monkeypatch: pytest.MonkeyPatch) -> None:
    # The denial is simulated: nothing is denied to root, who may run the tests.
    def denied(self: psutil.Process) -> str:
        raise psutil.AccessDenied(self.pid)

    system = psutil.Process()._proc  # type: ignore[attr-defined]
    monkeypatch.setattr(type(system), "uids", denied)
    monkeypatch.setattr(type(system), "name", denied)
    mine = next(p for p in through_psutil() if p.pid == os.getpid())
    assert mine[:3] == (os.getpid(), None, None)


def test_error_of_psutil_costs_one_fact_of_one_process(monkeypatch: pytest.MonkeyPatch) -> None:
    native: Any = type(psutil.Process()._proc)  # type: ignore[attr-defined]
    real = native.exe

    def broken(self: Any) -> Any:
        if self.pid == os.getpid():
            raise RuntimeError("proc_pidpath() failed")
        return real(self)

    everything = {process.pid: process for process in through_psutil()}
    monkeypatch.setattr(native, "exe", broken)
    found = {process.pid: process for process in through_psutil()}
    mine = os.getpid()
    assert found[mine] == everything[mine]._replace(executable=None)
    assert found[1] == everything[1]


def test_process_that_psutil_cannot_open_is_known_by_its_id(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def broken(_self: psutil.Process, pid: int) -> None:
        if pid == os.getpid():
            raise OSError("sysctl failed")
        raise psutil.NoSuchProcess(pid)

    monkeypatch.setattr(psutil.Process, "__init__", broken)
    assert through_psutil() == [Process(os.getpid(), None, None)]


EXECS = """
import os, sys
sys.stdin.readline()
os.execv("/bin/sleep", ["sleep", "60"])
"""


def test_process_after_an_exec_has_the_new_program(collect: Collect) -> None:
    with subprocess.Popen([sys.executable, "-c", EXECS], stdin=subprocess.PIPE) as child:
        try:
            before = {process.pid: process for process in collect()}[child.pid]
            assert child.stdin is not None
            child.stdin.write(b"\n")
            child.stdin.flush()
            wait_until(lambda: _comm(child.pid) == b"sleep")
            after = {process.pid: process for process in collect()}[child.pid]
        finally:
            child.kill()
    assert (before.name != "sleep", after.name) == (True, "sleep")
    assert after.executable == str(Path("/bin/sleep").resolve()) != before.executable


@pytest.mark.skipif(os.getuid() != 0, reason="only root chooses the id of the next process")
def test_id_that_is_used_again_shows_the_new_process(collect: Collect) -> None:
    with subprocess.Popen([SLEEP, "60"]) as first:
        before = {process.pid: process for process in collect()}[first.pid]
        first.kill()
    for _ in range(50):
        Path("/proc/sys/kernel/ns_last_pid").write_text(str(first.pid - 1), "ascii")
        with subprocess.Popen(["/usr/bin/tail", "-f", "/dev/null"]) as second:
            try:
                wait_until(lambda: _comm(second.pid) == b"tail")
                found = {process.pid: process for process in collect()}
            finally:
                second.kill()
        if second.pid == first.pid:
            break
    else:
        pytest.skip("other processes take the id")
    assert (before.name, found[first.pid].name) == ("sleep", "tail")


def test_user_names_of_psutil_are_not_used(monkeypatch: pytest.MonkeyPatch) -> None:
    def asked(_self: psutil.Process) -> str:
        pytest.fail("username() reads the user database again for every process")

    monkeypatch.setattr(psutil.Process, "username", asked)
    assert through_psutil()


def test_tree_has_its_own_processes_and_names(tmp_path: Path) -> None:
    write_process(tmp_path / "proc", 1, "init", uid=0)
    write_process(tmp_path / "proc", 50, "nginx: worker p", uid=33)
    write_process(tmp_path / "proc", 60, "stranger", uid=12345)
    write_file(tmp_path, "/etc/passwd", "jefe:x:0:0::/:/bin/sh\nwww-data:x:33:33::/:/bin/sh\n")
    machine = Machine(procfs=str(tmp_path / "proc"), rootfs=str(tmp_path))
    assert processes.collect(machine) == [
        Process(1, "init", "jefe", parent=1, started_ticks=0),
        Process(50, "nginx: worker p", "www-data", parent=1, started_ticks=0),
        Process(60, "stranger", "12345", parent=1, started_ticks=0),
    ]
    write_file(tmp_path, "/proc/stat", "cpu  1 2 3\nbtime 1795403120\nprocesses 5\n")
    assert {process.started for process in processes.collect(machine)} == {1795403120}


def test_command_lines_are_masked_and_read_only_if_configured(tmp_path: Path) -> None:
    write_process(tmp_path, 1, "init")
    write_process(tmp_path, 2, "kthreadd", cmdline=b"")
    write_process(tmp_path, 3, "app", cmdline=b"/usr/bin/app\0--password\0two words\0-v\0\0\0")
    write_process(tmp_path, 4, "nginx", cmdline=b"nginx: master process /usr/sbin/nginx\0\0\0")
    machine = Machine(procfs=str(tmp_path))
    assert all(process.command_line is None for process in processes.collect(machine))
    found = [process.command_line for process in processes.collect(machine, command_lines=True)]
    assert found == [
        None,
        None,
        "/usr/bin/app --password *** -v",
        "nginx: master process /usr/sbin/nginx",
    ]
