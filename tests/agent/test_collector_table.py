"""Collectors that fail."""

from __future__ import annotations

from typing import Any

import pytest
from jsonschema import Draft202012Validator

from agent import report
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
from agent.machine import Machine
from tests.agent.documents import assert_valid

LOCAL = "127.0.0.1"


COLLECTORS: dict[Any, dict[str, Any]] = {
    processor: {"arquitectura_proc": "unknown", "marca_proc": "unknown"},
    processes: {"procesos": []},
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
