"""Rules and images for tests of the guard: what a test says, around it an ordinary one."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from service.policies.guard.cases import read_case
from service.policies.guard.judged_rule import JudgedRule
from service.policies.rules.places import TABLES_SCRIPT
from service.policies.rules.rule import Applies, InSilence, Scope, Semantics
from service.store.engines.image import ImageBuilder

NOW = "2026-01-15 12:00:00.000000"
NO_DATA: dict[str, Any] = {"listas": [], "redes": [], "fin_de_vida": []}


_ORDINARY = JudgedRule(
    id="a-rule",
    sql="",
    scope=Scope.SERVIDOR,
    semantics=Semantics.FILA_ES_VIOLACION,
    in_silence=InSilence.DESCONOCIDO,
    applies=Applies(),
    requires=(),
    requires_to_pass=(),
    key=(),
    evidence=(),
    motives={"es": "motivo"},
    grace_after_boot=0,
)


def judged_rule(sql: str, name: str = "a-rule", **members: Any) -> JudgedRule:
    return replace(_ORDINARY, sql=sql, id=name, **members)


def image(**case: Any) -> bytes:
    """The servers of a case of `pruebas`: the first has number 1, its `pares` 2, 3 …"""
    tables: Mapping[str, Any] = read_case({"veredicto": "cumple", **case}).tables
    with ImageBuilder(TABLES_SCRIPT.read_text(encoding="utf-8")) as builder:
        return builder.image_of(tables)
