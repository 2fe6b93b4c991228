from __future__ import annotations

import json
import os
import subprocess
from pathlib import Path

import pytest

from agent.collectors.processes import collect
from agent.machine import Machine
from tests.agent.apis import Reply, scripted_api
from tests.agent.collectors.cpuinfos import NEOVERSE_N1
from tests.agent.command import log_lines, run
from tests.agent.trees import write_file, write_process


def test_print_shows_the_report_of_this_machine() -> None:
    done = run("--print")
    assert (done.returncode, log_lines(done.stderr)) == (0, [])
    document = json.loads(done.stdout)
    assert document["version_esquema"] == 2
    assert len(json.loads(run("--print", "--esquema", "1").stdout)) == 8
    assert os.getpid() in [process["pid"] for process in document["procesos"]]
    [mine] = [process for process in collect(Machine()) if process.pid == os.getpid()]
    shown = {(row["pid"], row["name"], row["username"]) for row in document["procesos"]}
    assert mine[:3] in shown


def test_print_sends_nothing_to_the_api() -> None:
    with scripted_api(Reply(201)) as api:
        done = run("--print", "--api", api.url)
        assert api.requests == []
    assert json.loads(done.stdout)["ipaddress"] == "127.0.0.1"


def test_print_with_rootfs_shows_the_facts_of_the_tree(tmp_path: Path) -> None:
    write_process(tmp_path / "proc", 7, "init", uid=5)
    write_file(tmp_path, "/proc/cpuinfo", NEOVERSE_N1)
    write_file(tmp_path, "/etc/os-release", "NAME=Void\nPRETTY_NAME='Void Linux'\n")
    write_file(tmp_path, "/etc/passwd", "games:x:5:60::/:/bin/sh\n")
    write_file(tmp_path, "/run/utmp", "")
    done = run("--print", "--rootfs", str(tmp_path))
    assert (done.returncode, log_lines(done.stderr)) == (0, [])
    document = json.loads(done.stdout)
    assert document["procesos"] == [
        {"username": "games", "pid": 7, "name": "init", "ppid": 1, "inicio_ticks": 0}
    ]
    assert document["marca_proc"] == "ARM Neoverse-N1"
    assert document["arquitectura_proc"] == "aarch64"
    assert (document["nombre_so"], document["version_so"]) == ("Void", "Void Linux")
    assert document["usuarios_activos"] == []


def test_print_with_procfs_takes_everything_else_from_this_machine(tmp_path: Path) -> None:
    write_process(tmp_path, 7, "init", uid=0)
    document = json.loads(run("--print", "--procfs", str(tmp_path)).stdout)
    assert document["procesos"] == [
        {"username": "root", "pid": 7, "name": "init", "ppid": 1, "inicio_ticks": 0}
    ]
    assert document["nombre_so"] == json.loads(run("--print").stdout)["nombre_so"]


def test_rootfs_without_processes_shows_those_of_this_kernel_and_warns(tmp_path: Path) -> None:
    write_file(tmp_path, "/etc/os-release", "NAME=Void\n")
    write_file(tmp_path, "/run/utmp", "")
    done = run("--print", "--rootfs", str(tmp_path))
    document = json.loads(done.stdout)
    assert document["nombre_so"] == "Void"
    assert os.getpid() in [process["pid"] for process in document["procesos"]]
    assert log_lines(done.stderr) == [
        f"agent: warning: {tmp_path}/proc shows no processes; reporting those of this kernel"
    ]


def test_procfs_without_processes_shows_no_report_and_exits_with_6(tmp_path: Path) -> None:
    done = run("--print", "--procfs", str(tmp_path))
    assert (done.returncode, done.stdout) == (6, "")
    assert log_lines(done.stderr) == [
        f"agent: error: no processes can be read: {tmp_path}/ shows none"
    ]


def test_line_breaks_in_a_log_message_are_escaped(tmp_path: Path) -> None:
    folder = tmp_path / "two\nlines\r"
    folder.mkdir()
    done = run("--print", "--procfs", str(folder))
    assert log_lines(done.stderr) == [
        f"agent: error: no processes can be read: {tmp_path}/two\\nlines\\r/ shows none"
    ]


@pytest.mark.parametrize("encoding", ["ascii", "latin-1"])
def test_print_writes_utf_8_in_every_terminal_encoding(tmp_path: Path, encoding: str) -> None:
    write_process(tmp_path, 7, "ñandú-犬", uid=0)
    environment = {**os.environ, "PYTHONIOENCODING": encoding}
    document = json.loads(run("--print", "--procfs", str(tmp_path), env=environment).stdout)
    assert document["procesos"][0]["name"] == "ñandú-犬"


def test_closed_stdout_is_not_an_error() -> None:
    """`| head -1` closes the pipe before everything is written."""
    reading, writing = os.pipe()
    os.close(reading)
    try:
        done = run("--print", capture_output=False, stdout=writing, stderr=subprocess.PIPE)
    finally:
        os.close(writing)
    assert (done.returncode, log_lines(done.stderr)) == (0, [])
