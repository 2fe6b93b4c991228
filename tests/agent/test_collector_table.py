"""Collectors that fail."""

from __future__ import annotations

import os
import sys
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft202012Validator

from agent import report
from agent.collectors import (
    accounts,
    address,
    boot,
    collection,
    command_line,
    deadline,
    host,
    identity,
    logins,
    operating_system,
    process_watch,
    processor,
)
from agent.collectors.address import Target
from agent.collectors.processes import NoProcessesError
from agent.machine import Machine
from tests.agent.documents import assert_valid

LOCAL = "127.0.0.1"


COLLECTORS: dict[Any, dict[str, Any]] = {
    processor: {"arquitectura_proc": "unknown", "marca_proc": "unknown"},
    logins: {"usuarios_activos": [], "fuente_usuarios": "desconocida"},
    operating_system: {"nombre_so": "unknown", "version_so": "unknown"},
    address: {"ipaddress": LOCAL},
}


# The optional members of the report itself.
OPTIONAL = [
    (identity, "collect", "id_maquina"),
    (host, "name", "nombre_host"),
    (host, "kernel", "nucleo"),
]


@pytest.mark.parametrize(("module", "function", "member"), OPTIONAL)
def test_failed_optional_fact_is_omitted(
    module: Any,
    function: str,
    member: str,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    everything = report.build(Machine(), None).keys()
    monkeypatch.setattr(module, function, _fail)
    assert report.build(Machine(), None).keys() == everything - {member}
    assert len(failures(caplog)) == 1


def failures(caplog: pytest.LogCaptureFixture) -> list[str]:
    """The warnings about _fail. Whether this machine knows who is logged in does not matter."""
    warnings = [record.getMessage() for record in caplog.records if record.levelname == "WARNING"]
    return [warning for warning in warnings if "RuntimeError: out of\norder" in warning]


def _fail(*_arguments: object, **_named: object) -> Any:
    raise RuntimeError("out of\norder")


@pytest.mark.parametrize("broken", COLLECTORS, ids=lambda module: module.__name__)
def test_failed_collector_gives_its_fallback(
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
    assert len(failures(caplog)) == 1


def test_report_is_valid_if_every_collector_fails(
    validator: Draft202012Validator, monkeypatch: pytest.MonkeyPatch
) -> None:
    for broken in COLLECTORS:
        monkeypatch.setattr(broken, "collect", _fail)
    assert_valid(validator, report.build(Machine(), None))


def test_report_without_processes_is_not_built(monkeypatch: pytest.MonkeyPatch) -> None:
    """It would say that nothing runs."""
    monkeypatch.setattr(process_watch, "read_all", _fail)
    with pytest.raises(NoProcessesError, match="no processes can be read: out of"):
        report.build(Machine(), None)


def test_system_without_a_psutil_build_gets_no_report(monkeypatch: pytest.MonkeyPatch) -> None:
    """Other Unixes, and 32-bit Windows: the import is what fails there."""
    monkeypatch.setattr(sys, "platform", "freebsd14")
    monkeypatch.setitem(sys.modules, "psutil", None)
    with pytest.raises(NoProcessesError, match="psutil cannot be imported"):
        report.build(Machine(), None)


def test_empty_list_of_processes_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(NoProcessesError, match=f"{tmp_path}/ shows none"):
        report.build(Machine(procfs=str(tmp_path)), None)


@pytest.mark.parametrize(
    ("module", "function", "unknown"),
    [
        (boot, "boot_id", {"id_arranque", "inicio"}),
        (boot, "parse_btime", {"inicio"}),
        (command_line, "shown", {"linea_comando"}),
    ],
)
def test_error_beside_the_processes_costs_one_fact(
    module: Any, function: str, unknown: set[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    def members() -> set[str]:
        document: Any = report.build(Machine(), None, command_lines=True)
        mine = next(row for row in document["procesos"] if row["pid"] == os.getpid())
        return {*document, *mine}

    everything = members()
    monkeypatch.setattr(module, function, _fail)
    assert members() == everything - unknown


def test_error_of_the_user_database_gives_ids(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(accounts, "collect", _fail)
    document: Any = report.build(Machine(), None)
    mine = next(row for row in document["procesos"] if row["pid"] == os.getpid())
    assert mine["username"] == str(os.getuid())


@pytest.fixture
def hanging() -> Iterator[Callable[..., bool]]:
    """A read that returns when the test is over."""
    over = threading.Event()
    yield lambda *_arguments, **_named: over.wait()
    over.set()


def test_collectors_that_hang_cost_their_facts(
    validator: Draft202012Validator,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
    hanging: Callable[..., bool],
) -> None:
    monkeypatch.setattr(collection, "FACT_SECONDS", 0.3)
    monkeypatch.setattr(collection, "_MOMENT_SECONDS", 0.3)
    monkeypatch.setattr(deadline, "_unanswered", {})
    for module in COLLECTORS:
        monkeypatch.setattr(module, "collect", hanging)
    document: Any = report.build(Machine(), None)
    assert_valid(validator, document)
    for fallbacks in COLLECTORS.values():
        assert {key: document[key] for key in fallbacks} == fallbacks
    assert document["procesos"]
    assert document["nombre_host"]
    assert sum("no answer" in record.getMessage() for record in caplog.records) == len(COLLECTORS)
