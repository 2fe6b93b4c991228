from __future__ import annotations

import json
import logging
import os
import re
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft202012Validator

from agent import report, wire
from agent.collectors import address, logins, operating_system, processes, processor
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


def assert_version_1(validator: Draft202012Validator, document: Any) -> None:
    """Exactly the eight members, as the schema says, after a journey over the wire."""
    assert {member: type(value) for member, value in document.items()} == MEMBERS
    arrived = json.loads(wire.encode(document).decode("utf-8"))
    assert arrived == document
    assert [error.message for error in validator.iter_errors(arrived)] == []
    assert all(document[member] for member in MEMBERS if MEMBERS[member] is str)
    for process in document["procesos"]:
        assert list(process) == ["username", "pid", "name"]
    for login in document["usuarios_activos"]:
        assert list(login) == ["pid", "name"]


def test_the_report_of_this_machine_is_version_1(validator: Draft202012Validator) -> None:
    document = report.build(Machine(), Target("127.0.0.1", 8000))
    assert_version_1(validator, document)
    assert os.getpid() in [process["pid"] for process in document["procesos"]]
    assert document["ipaddress"] == LOCAL
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}\+00:00", document["fecha_hora"])


def test_the_report_of_a_tree_is_what_the_tree_says(
    validator: Draft202012Validator, tmp_path: Path
) -> None:
    write_process(tmp_path / "proc", 1, "init", uid=0)
    write_process(tmp_path / "proc", 77, b"\xff\xfe", uid=54321)
    write_file(tmp_path, "/proc/cpuinfo", NEOVERSE_N1)
    write_file(tmp_path, "/proc/sys/kernel/arch", "aarch64\n")
    write_file(tmp_path, "/etc/os-release", DISTRIBUTIONS["alpine-3.22"].text)
    write_file(tmp_path, "/etc/passwd", "root:x:0:0::/:/bin/sh\n")
    machine = Machine(procfs=str(tmp_path / "proc"), rootfs=str(tmp_path))
    document = report.build(machine, Target("127.0.0.1", 8000))
    assert_version_1(validator, document)
    assert {**document, "fecha_hora": ""} == {
        "arquitectura_proc": "aarch64",
        "marca_proc": "ARM Neoverse-N1",
        "procesos": [
            {"username": "root", "pid": 1, "name": "init"},
            {"username": "54321", "pid": 77, "name": r"\xff\xfe"},
        ],
        "usuarios_activos": [],
        "nombre_so": "Alpine Linux",
        "version_so": "3.22.1",
        "ipaddress": LOCAL,
        "fecha_hora": "",
    }


COLLECTORS: dict[Any, dict[str, Any]] = {
    processor: {"arquitectura_proc": "unknown", "marca_proc": "unknown"},
    processes: {"procesos": []},
    logins: {"usuarios_activos": []},
    operating_system: {"nombre_so": "unknown", "version_so": "unknown"},
    address: {"ipaddress": LOCAL},
}


def _fail(*_arguments: object) -> Any:
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
    assert_version_1(validator, document)
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
    assert_version_1(validator, report.build(Machine(), None))


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
    document = _document([Process(1, text, text)], [Login(1, text)], text)
    assert_version_1(validator, document)
    assert len(document["procesos"][0]["name"]) == 1024
    assert len(document["procesos"][0]["username"]) == 256
    assert len(document["usuarios_activos"][0]["name"]) == 256
    for member in ("arquitectura_proc", "marca_proc", "nombre_so", "version_so"):
        assert len(document[member]) == 512


def test_what_was_denied_is_null_and_an_empty_name_is_empty(
    validator: Draft202012Validator,
) -> None:
    document = _document([Process(0, None, None), Process(5, "", "")], [Login(None, "juan")])
    assert_version_1(validator, document)
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


def test_more_rows_than_a_report_may_hold_are_cut_and_told(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    schema = json.loads(SCHEMA.read_text("utf-8"))["properties"]
    assert schema["procesos"]["maxItems"] == wire.MOST_PROCESSES
    assert schema["usuarios_activos"]["maxItems"] == wire.MOST_LOGINS
    monkeypatch.setattr(report, "MOST_PROCESSES", 3)
    monkeypatch.setattr(report, "MOST_LOGINS", 2)
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
