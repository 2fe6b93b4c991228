from __future__ import annotations

import json
import logging
import os
import re
import socket
from datetime import datetime
from pathlib import Path
from typing import Any

import psutil
import pytest
from jsonschema import Draft202012Validator

import agent
from agent import report, wire
from agent.collectors import (
    address,
    host,
    identity,
    logins,
    operating_system,
    processes,
    processor,
)
from agent.collectors.address import Target
from agent.collectors.logins import Login
from agent.collectors.operating_system import OperatingSystem
from agent.collectors.processes import Process
from agent.collectors.processor import Processor
from agent.machine import Machine
from tests.agent.collectors.cpuinfos import NEOVERSE_N1
from tests.agent.collectors.os_releases import DISTRIBUTIONS
from tests.agent.trees import write_file, write_process

SCHEMA = Path(__file__).parents[2] / "schemas" / "report.v1.json"
MEMBERS = {
    "arquitectura_proc": str,
    "marca_proc": str,
    "procesos": list,
    "usuarios_activos": list,
    "nombre_so": str,
    "version_so": str,
    "ipaddress": str,
    "fecha_hora": str,
}
MOMENT = "2026-11-23T10:00:00.123456+00:00"
LOCAL = "127.0.0.1"


@pytest.fixture(scope="module")
def validator() -> Draft202012Validator:
    return Draft202012Validator(
        json.loads(SCHEMA.read_text("utf-8")), format_checker=Draft202012Validator.FORMAT_CHECKER
    )


def assert_valid(validator: Draft202012Validator, document: Any) -> None:
    """A report of version 1 says exactly what its schema says, after a journey over the wire."""
    arrived = json.loads(wire.encode(wire.version_1(document)).decode("utf-8"))
    assert {member: type(value) for member, value in arrived.items()} == MEMBERS
    assert [error.message for error in validator.iter_errors(arrived)] == []
    assert all(arrived[member] for member in MEMBERS if MEMBERS[member] is str)
    for process, sent in zip(document["procesos"], arrived["procesos"], strict=True):
        assert list(sent) == ["username", "pid", "name"]
        assert sent.items() <= process.items()
    for login, sent in zip(document["usuarios_activos"], arrived["usuarios_activos"], strict=True):
        assert list(sent) == ["pid", "name"]
        assert sent.items() <= login.items()
    assert None not in [value for row in document["procesos"] for value in list(row.values())[3:]]


def test_the_report_of_this_machine_is_version_2(validator: Draft202012Validator) -> None:
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
    assert document["fuente_usuarios"] in {"logind", "utmp", "ninguna"}
    assert "descartados" not in document


def test_command_lines_are_in_it_when_they_are_asked_for() -> None:
    document: Any = report.build(Machine(), None, command_lines=True)
    mine = next(row for row in document["procesos"] if row["pid"] == os.getpid())
    command_line = Path("/proc/self/cmdline").read_text(encoding="utf-8", errors="replace")
    assert mine["linea_comando"].split()[0] == command_line.split("\0")[0]


def test_a_process_keeps_its_start_from_report_to_report(tmp_path: Path) -> None:
    note = str(tmp_path / "boot")
    starts = []
    for _ in range(3):
        document: Any = report.build(Machine(), None, boot_note=note)
        starts.append({row["pid"]: row.get("inicio") for row in document["procesos"]})
    lasting = starts[0].keys() & starts[1].keys() & starts[2].keys()
    assert len(lasting) > 1
    assert all(starts[0][pid] == starts[1][pid] == starts[2][pid] for pid in lasting)


def test_the_report_of_a_tree_is_what_the_tree_says(
    validator: Draft202012Validator, tmp_path: Path
) -> None:
    write_process(tmp_path / "proc", 1, "init", uid=0)
    write_process(tmp_path / "proc", 77, b"\xff\xfe", uid=54321)
    write_file(tmp_path, "/proc/stat", "cpu 1\nbtime 1795403120\n")
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
    started = {"ppid": 1, "inicio": "2026-11-23T03:05:20Z"}
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
        "fuente_usuarios": "ninguna",
        "id_maquina": "20e24f6b3e04406588dcb0ad863a238e",
        "nombre_host": "pine",
        "nucleo": "6.12.8-lts",
    }


def test_a_tree_that_says_little_leaves_the_rest_out(tmp_path: Path) -> None:
    write_process(tmp_path / "proc", 1, "init", uid=0)
    document = report.build(Machine(procfs=str(tmp_path / "proc"), rootfs=str(tmp_path)), None)
    assert not {"id_maquina", "nombre_host"} & document.keys()
    assert document["procesos"] == [{"username": "0", "pid": 1, "name": "init", "ppid": 1}]


COLLECTORS: dict[Any, dict[str, Any]] = {
    processor: {"arquitectura_proc": "unknown", "marca_proc": "unknown"},
    processes: {"procesos": []},
    logins: {"usuarios_activos": [], "fuente_usuarios": "ninguna"},
    operating_system: {"nombre_so": "unknown", "version_so": "unknown"},
    address: {"ipaddress": LOCAL},
}


# What is left out when it cannot be found out.
OPTIONAL = [
    (identity, "collect", "id_maquina"),
    (host, "name", "nombre_host"),
    (host, "kernel", "nucleo"),
]


@pytest.mark.parametrize(("module", "function", "member"), OPTIONAL)
def test_an_optional_fact_that_fails_is_left_out(
    module: Any,
    function: str,
    member: str,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    everything = report.build(Machine(), None).keys()
    monkeypatch.setattr(module, function, _fail)
    assert report.build(Machine(), None).keys() == everything - {member}
    assert [record.levelname for record in caplog.records] == ["WARNING"]


def _fail(*_arguments: object, **_named: object) -> Any:
    raise RuntimeError("out of\norder")


@pytest.mark.parametrize("broken", COLLECTORS, ids=lambda module: module.__name__)
def test_a_collector_that_fails_never_loses_the_report(
    broken: Any,
    validator: Draft202012Validator,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    monkeypatch.setattr(broken, "collect", _fail)
    document: Any = report.build(Machine(), Target("127.0.0.1", 8000))
    assert_valid(validator, document)
    assert {key: document[key] for key in COLLECTORS[broken]} == COLLECTORS[broken]
    others = [key for module in COLLECTORS if module is not broken for key in COLLECTORS[module]]
    assert all(document[key] != "unknown" for key in others)
    assert [record.levelname for record in caplog.records] == ["WARNING"]
    assert "RuntimeError: out of" in caplog.text


def test_even_with_every_collector_broken_there_is_a_report(
    validator: Draft202012Validator, monkeypatch: pytest.MonkeyPatch
) -> None:
    for broken in COLLECTORS:
        monkeypatch.setattr(broken, "collect", _fail)
    assert_valid(validator, report.build(Machine(), None))


def _document(
    running: list[Process] | None = None,
    logged_in: list[Login] | None = None,
    fact: str = "x",
) -> Any:
    cpu, system = Processor(fact, fact), OperatingSystem(fact, fact)
    return report.document(cpu, running or [], logged_in or [], system, LOCAL, MOMENT)


@pytest.mark.parametrize("fill", [*"x\0\udcff\ud800犬🐕\n", '"\\'])
def test_texts_of_any_kind_and_length_stay_within_the_schema(
    fill: str, validator: Draft202012Validator
) -> None:
    text = fill * 5000
    process = Process(1, text, text, executable=text, command_line=text * 8)
    document = _document([process], [Login(1, text, text, text)], text)
    assert_valid(validator, document)
    assert len(document["procesos"][0]["ejecutable"]) == 4096
    assert len(document["procesos"][0]["linea_comando"]) == 32768
    assert len(document["usuarios_activos"][0]["terminal"]) == 255
    assert len(document["usuarios_activos"][0]["origen"]) == 255
    assert len(document["procesos"][0]["name"]) == 1024
    assert len(document["procesos"][0]["username"]) == 256
    assert len(document["usuarios_activos"][0]["name"]) == 256
    for member in ("arquitectura_proc", "marca_proc", "nombre_so", "version_so"):
        assert len(document[member]) == 512


def test_what_was_denied_is_null_and_an_empty_name_is_empty(
    validator: Draft202012Validator,
) -> None:
    document = _document([Process(0, None, None), Process(5, "", "")], [Login(None, "juan")])
    assert_valid(validator, document)
    assert document["procesos"] == [
        {"username": None, "pid": 0, "name": None},
        {"username": "", "pid": 5, "name": ""},
    ]
    assert document["usuarios_activos"] == [{"pid": None, "name": "juan"}]


def test_a_fact_is_never_empty() -> None:
    assert _document(fact="")["marca_proc"] == "unknown"


@pytest.mark.parametrize(
    ("pid", "sent"), [(-1, None), (0, 0), (2**32 - 1, 2**32 - 1), (2**32, None)]
)
def test_a_login_has_a_number_that_the_schema_knows_or_none(pid: int, sent: int | None) -> None:
    assert _document(logged_in=[Login(pid, "juan")])["usuarios_activos"][0]["pid"] == sent


@pytest.mark.parametrize("seconds", [None, -1, 253_402_300_800, 1 << 62])
def test_a_moment_that_is_none_is_left_out(seconds: int | None) -> None:
    document = _document(
        [Process(1, "p", "u", parent=2**32, started=seconds)],
        [Login(1, "u", since=seconds)],
    )
    assert document["procesos"] == [{"username": "u", "pid": 1, "name": "p"}]
    assert document["usuarios_activos"] == [{"pid": 1, "name": "u"}]
    document = _document([Process(1, "p", "u", 0, 0)], [Login(1, "u", since=253_402_300_799)])
    assert document["procesos"][0]["inicio"] == "1970-01-01T00:00:00Z"
    assert document["procesos"][0]["ppid"] == 0
    assert document["usuarios_activos"][0]["desde"] == "9999-12-31T23:59:59Z"


def test_more_rows_than_a_report_may_hold_are_cut_and_told(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    schema = json.loads(SCHEMA.read_text("utf-8"))["properties"]
    assert schema["procesos"]["maxItems"] == wire.MAX_PROCESSES
    assert schema["usuarios_activos"]["maxItems"] == wire.MAX_LOGINS
    monkeypatch.setattr(report, "MAX_PROCESSES", 3)
    monkeypatch.setattr(report, "MAX_LOGINS", 2)
    document = _document(
        [Process(pid, "p", "u") for pid in range(9)], [Login(pid, "u") for pid in range(9)]
    )
    assert [process["pid"] for process in document["procesos"]] == [0, 1, 2]
    assert [login["pid"] for login in document["usuarios_activos"]] == [0, 1]
    assert [record.levelno for record in caplog.records] == [logging.WARNING] * 2


def test_the_report_is_posted_without_blanks_and_in_utf_8() -> None:
    assert b'{"username":"\xc3\xb1","pid":1,"name":"a b"}' in wire.encode(
        _document([Process(1, "a b", "ñ")])
    )


def test_the_report_for_people_is_the_same_document() -> None:
    document = _document([Process(1, "ñ", None)])
    text = wire.readable(document)
    assert json.loads(text) == document
    assert text.count(b"\n") > 10
    assert "ñ".encode() in text
