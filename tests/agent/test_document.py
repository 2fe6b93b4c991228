"""The values of a report stay within the limits of the schema."""

from __future__ import annotations

import json
import logging
from datetime import UTC, datetime
from typing import Any

import pytest
from jsonschema import Draft202012Validator

from agent import report, wire
from agent.collectors.logins import Login
from agent.collectors.operating_system import OperatingSystem
from agent.collectors.processes import Process
from agent.collectors.processor import Processor
from tests.agent.documents import SCHEMA, assert_valid

MOMENT = datetime(9999, 12, 31, 23, 59, 59, 999999, UTC)


LOCAL = "127.0.0.1"


def _document(
    running: list[Process] | None = None,
    logged_in: list[Login] | None = None,
    fact: str = "x",
    moment: datetime = MOMENT,
) -> Any:
    cpu, system = Processor(fact, fact), OperatingSystem(fact, fact)
    return report.document(cpu, running or [], logged_in or [], system, LOCAL, moment)


@pytest.mark.parametrize("fill", [*"x\0\udcff\ud800犬🐕\n", '"\\'])
def test_texts_of_every_kind_and_length_are_valid(
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


def test_denied_name_is_null_and_empty_name_is_empty(
    validator: Draft202012Validator,
) -> None:
    document = _document([Process(0, None, None), Process(5, "", "")], [Login(None, "juan")])
    assert_valid(validator, document)
    assert document["procesos"] == [
        {"username": None, "pid": 0, "name": None},
        {"username": "", "pid": 5, "name": ""},
    ]
    assert document["usuarios_activos"] == [{"pid": None, "name": "juan"}]


def test_empty_fact_is_unknown() -> None:
    assert _document(fact="")["marca_proc"] == "unknown"


@pytest.mark.parametrize(
    ("pid", "sent"), [(-1, None), (0, 0), (2**32 - 1, 2**32 - 1), (2**32, None)]
)
def test_pid_of_a_login_outside_the_schema_is_null(pid: int, sent: int | None) -> None:
    assert _document(logged_in=[Login(pid, "juan")])["usuarios_activos"][0]["pid"] == sent


@pytest.mark.parametrize("seconds", [None, -1, 253_402_300_800, 1 << 62])
def test_moment_outside_the_schema_is_omitted(seconds: int | None) -> None:
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


def test_time_after_the_report_is_omitted() -> None:
    """The clock was set back; or a container shows its own boot time and the ticks of its host."""
    moment = datetime(2026, 11, 23, 10, 0, 0, 5, UTC)
    now = int(moment.timestamp())
    processes = [
        Process(pid, "p", "u", started=now + pid, started_ticks=5) for pid in (-1, 0, 1, 400_000)
    ]
    logins = [Login(pid, "u", since=now + pid) for pid in (0, 1)]
    document = _document(processes, logins, moment=moment)
    starts = [row.get("inicio") for row in document["procesos"]]
    assert starts == ["2026-11-23T09:59:59Z", "2026-11-23T10:00:00Z", None, None]
    assert [row["inicio_ticks"] for row in document["procesos"]] == [5] * 4
    since = [row.get("desde") for row in document["usuarios_activos"]]
    assert since == ["2026-11-23T10:00:00Z", None]
    assert document["fecha_hora"] == "2026-11-23T10:00:00.000005+00:00"


@pytest.mark.parametrize(("ticks", "sent"), [(0, 0), (2**53 - 1, 2**53 - 1), (2**53, None)])
def test_ticks_outside_the_schema_are_omitted(ticks: int, sent: int | None) -> None:
    document = _document([Process(1, "p", "u", started_ticks=ticks)])
    assert document["procesos"][0].get("inicio_ticks") == sent


def test_rows_beyond_the_limit_are_cut_and_logged(
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


def test_encoded_report_is_compact_utf_8() -> None:
    assert b'{"username":"\xc3\xb1","pid":1,"name":"a b"}' in wire.encode(
        _document([Process(1, "a b", "ñ")])
    )


def test_readable_report_is_the_same_document() -> None:
    document = _document([Process(1, "ñ", None)])
    text = wire.readable(document)
    assert json.loads(text) == document
    assert text.count(b"\n") > 10
    assert "ñ".encode() in text
