"""Whole reports, of this machine and of a tree."""

from __future__ import annotations

import os
import re
import socket
from datetime import datetime
from pathlib import Path
from typing import Any

import psutil
from jsonschema import Draft202012Validator

import agent
from agent import report
from agent.collectors.address import Target
from agent.machine import Machine
from tests.agent.collectors.cpuinfos import NEOVERSE_N1
from tests.agent.collectors.os_releases import DISTRIBUTIONS
from tests.agent.documents import assert_valid
from tests.agent.trees import write_file, write_process

LOCAL = "127.0.0.1"


def boot_id() -> str:
    return Path("/proc/sys/kernel/random/boot_id").read_text("utf-8").strip()


def test_report_of_this_machine_is_a_valid_version_2(validator: Draft202012Validator) -> None:
    document: Any = report.build(Machine(), Target("127.0.0.1", 8000))
    assert_valid(validator, document)
    mine = next(row for row in document["procesos"] if row["pid"] == os.getpid())
    assert mine["ppid"] == os.getppid()
    assert mine["ejecutable"] == str(Path("/proc/self/exe").readlink())
    started = datetime.fromisoformat(mine["inicio"])
    assert abs(started.timestamp() - psutil.Process().create_time()) <= 1
    assert "linea_comando" not in mine
    assert document["ipaddress"] == LOCAL
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}\+00:00", document["fecha_hora"])
    assert document["version_esquema"] == 2
    assert document["version_agente"] == agent.__version__
    assert document["nombre_host"] == socket.gethostname()
    assert document["nucleo"] == os.uname().release
    assert document["id_arranque"] == boot_id()
    assert mine["inicio_ticks"] == int(Path("/proc/self/stat").read_text("utf-8").split()[21])
    assert document["fuente_usuarios"] in {"logind", "utmp", "desconocida"}
    assert "descartados" not in document


def test_command_lines_are_reported_if_configured() -> None:
    document: Any = report.build(Machine(), None, command_lines=True)
    mine = next(row for row in document["procesos"] if row["pid"] == os.getpid())
    command_line = Path("/proc/self/cmdline").read_text(encoding="utf-8", errors="replace")
    assert mine["linea_comando"].split()[0] == command_line.split("\0")[0]


def test_process_start_is_stable_between_reports(tmp_path: Path) -> None:
    note = str(tmp_path / "boot")
    starts = []
    for _ in range(3):
        document: Any = report.build(Machine(), None, boot_note=note)
        starts.append({row["pid"]: row.get("inicio") for row in document["procesos"]})
    lasting = starts[0].keys() & starts[1].keys() & starts[2].keys()
    assert len(lasting) > 1
    assert all(starts[0][pid] == starts[1][pid] == starts[2][pid] for pid in lasting)


def test_pause_of_the_machine_moves_neither_boot_nor_ticks(tmp_path: Path) -> None:
    """After a pause or hibernation the clock is ahead, and btime with it; see proc(5)."""
    write_process(tmp_path, 100, "nginx")
    write_file(tmp_path, "/sys/kernel/random/boot_id", "328eedb2-d784-4f05\n")
    shown = []
    for btime in (1790000000, 1790002400):
        write_file(tmp_path, "/stat", f"cpu 1\nbtime {btime}\n")
        document: Any = report.build(Machine(procfs=str(tmp_path)), None)
        [row] = document["procesos"]
        shown.append((document["id_arranque"], row["pid"], row["inicio_ticks"]))
    assert shown == [("328eedb2-d784-4f05", 100, 0)] * 2


def test_report_of_a_tree_has_the_facts_of_the_tree(
    validator: Draft202012Validator, tmp_path: Path
) -> None:
    write_process(tmp_path / "proc", 1, "init", uid=0)
    write_process(tmp_path / "proc", 77, b"\xff\xfe", uid=54321)
    write_file(tmp_path, "/proc/stat", "cpu 1\nbtime 1795403120\n")
    write_file(tmp_path, "/proc/sys/kernel/random/boot_id", "328eedb2-d784-4f05\n")
    write_file(tmp_path, "/proc/cpuinfo", NEOVERSE_N1)
    write_file(tmp_path, "/proc/sys/kernel/arch", "aarch64\n")
    write_file(tmp_path, "/proc/sys/kernel/osrelease", "6.12.8-lts\n")
    write_file(tmp_path, "/etc/os-release", DISTRIBUTIONS["alpine-3.22"].text)
    write_file(tmp_path, "/etc/passwd", "root:x:0:0::/:/bin/sh\n")
    write_file(tmp_path, "/etc/hostname", "# of the tree\npine\n")
    write_file(tmp_path, "/etc/machine-id", "3d1219c7c4c5404aaa1f6d2a48adfda4\n")
    machine = Machine(procfs=str(tmp_path / "proc"), rootfs=str(tmp_path))
    document = report.build(machine, Target("127.0.0.1", 8000))
    assert_valid(validator, document)
    started = {"ppid": 1, "inicio": "2026-11-23T03:05:20Z", "inicio_ticks": 0}
    assert {**document, "fecha_hora": ""} == {
        "arquitectura_proc": "aarch64",
        "marca_proc": "ARM Neoverse-N1",
        "procesos": [
            {"username": "root", "pid": 1, "name": "init", **started},
            {"username": "54321", "pid": 77, "name": r"\xff\xfe", **started},
        ],
        "usuarios_activos": [],
        "nombre_so": "Alpine Linux",
        "version_so": "3.22.1",
        "ipaddress": LOCAL,
        "fecha_hora": "",
        "version_esquema": 2,
        "version_agente": agent.__version__,
        "fuente_usuarios": "desconocida",
        "id_maquina": "20e24f6b3e04406588dcb0ad863a238e",
        "nombre_host": "pine",
        "nucleo": "6.12.8-lts",
        "id_arranque": "328eedb2-d784-4f05",
    }


def test_unknown_optional_members_are_omitted(tmp_path: Path) -> None:
    write_process(tmp_path / "proc", 1, "init", uid=0)
    document = report.build(Machine(procfs=str(tmp_path / "proc"), rootfs=str(tmp_path)), None)
    assert not {"id_maquina", "nombre_host", "id_arranque"} & document.keys()
    assert document["procesos"] == [
        {"username": "0", "pid": 1, "name": "init", "ppid": 1, "inicio_ticks": 0}
    ]
