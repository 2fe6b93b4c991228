"""Validates reports against their schema."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from jsonschema import Draft202012Validator

from agent import wire

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


def assert_valid(validator: Draft202012Validator, document: Any) -> None:
    """The document, reduced to version 1 and sent as JSON, is valid and complete."""
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
