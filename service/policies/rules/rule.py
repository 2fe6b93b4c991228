"""The model of a rule: what its file says, parsed and checked."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import Any

from service.policies.rules.sql_text import canonical

LANGUAGES = ("es", "en")


class Severity(StrEnum):
    BAJA = "baja"
    MEDIA = "media"
    ALTA = "alta"
    CRITICA = "critica"


class Semantics(StrEnum):
    """What a row of the rule's statement means."""

    FILA_ES_VIOLACION = "fila_es_violacion"
    FILA_ES_EXITO = "fila_es_exito"  # osquery's and Fleet's way


class Scope(StrEnum):
    """Whose rows the statement reads: those of one server at a time, or the whole fleet's."""

    SERVIDOR = "servidor"
    FLOTA = "flota"


class Clock(StrEnum):
    """When a rule is judged anew without a report."""

    NO = "no"
    HORA = "hora"
    DIA = "dia"


class InSilence(StrEnum):
    """What a rule says of a silent server: unknown, or what its last report shows."""

    DESCONOCIDO = "desconocido"
    EVALUA = "evalua"


class Fact(StrEnum):
    """What a report must tell for a rule to fail (`requiere`) or pass (`requiere_para_cumplir`)."""

    NOMBRES = "nombres"
    USUARIOS_DE_PROCESOS = "usuarios_de_procesos"
    PPID = "ppid"
    EJECUTABLE = "ejecutable"
    LINEA_COMANDO = "linea_comando"
    LOGINS = "logins"
    ORIGEN = "origen"
    DESDE = "desde"
    NUCLEO = "nucleo"
    ARRANQUE = "arranque"
    VERSION_AGENTE = "version_agente"


@dataclass(frozen=True, slots=True)
class Texts:
    """What people read of a rule, in one language. motivo has {columns} of the row."""

    titulo: str
    descripcion: str
    justificacion: str
    remedio: str
    motivo: str


@dataclass(frozen=True, slots=True)
class Threshold:
    """So many reports in a row, or so long between two judged reports; one of both is null."""

    reports: int | None = 1
    seconds: int | None = None


@dataclass(frozen=True, slots=True)
class Deadlines:
    """`plazos`: what delays telling, never dates. grace: seconds."""

    confirm_after: Threshold = Threshold()
    resolve_after: Threshold = Threshold()
    grace_for_new: int = 0
    grace_after_boot: int = 0


@dataclass(frozen=True, slots=True)
class Applies:
    """`aplica`: where a rule applies; all that is given must hold.

    tag: `key=value`, or `key` for any value. systems: patterns of nombre_so with `*`. query: a
    statement whose rows have the `servidor` that it applies to.
    """

    tag: str | None = None
    systems: tuple[str, ...] = ()
    query: str | None = None


@dataclass(frozen=True, slots=True)
class Rule:
    """One rule. lines: where each member stands in its file; case_lines: where each case does."""

    path: Path
    lines: Mapping[str, int]
    case_lines: tuple[int, ...]
    id: str
    version: int
    severity: Severity
    owner: str
    texts: Mapping[str, Texts]  # by language; at least one
    references: tuple[str, ...]
    controls: Mapping[str, tuple[str, ...]]  # by framework
    semantics: Semantics
    scope: Scope
    clock: Clock
    in_silence: InSilence
    applies: Applies
    requires: tuple[Fact, ...]
    requires_to_pass: tuple[Fact, ...]
    key: tuple[str, ...]
    evidence: tuple[str, ...]
    deadlines: Deadlines
    cases: tuple[Mapping[str, Any], ...]  # `pruebas`, as they stand
    formerly: str | None  # `antes`: the id that it had
    sql: str
    sql_line: int
    written: Rule | None = None  # as its file has it, where ajustes.toml changes it

    @property
    def hash(self) -> str:
        """SHA-256 of what decides the verdict, in hex: not of words, severity or controls."""
        decides = {
            "semantica": self.semantics,
            "ambito": self.scope,
            "reloj": self.clock,
            "en_silencio": self.in_silence,
            "aplica": [
                self.applies.tag,
                sorted(self.applies.systems),
                canonical(self.applies.query or ""),
            ],
            "requiere": sorted(self.requires),
            "requiere_para_cumplir": sorted(self.requires_to_pass),
            "clave": list(self.key),
            "plazos": [
                [self.deadlines.confirm_after.reports, self.deadlines.confirm_after.seconds],
                [self.deadlines.resolve_after.reports, self.deadlines.resolve_after.seconds],
                self.deadlines.grace_for_new,
                self.deadlines.grace_after_boot,
            ],
            "sql": canonical(self.sql),
        }
        return digest(decides)


def digest(value: Any) -> str:  # noqa: ANN401 — whatever JSON holds
    """SHA-256, in hex, of a value in one spelling."""
    text = json.dumps(value, sort_keys=True, ensure_ascii=False, separators=(",", ":"))
    return hashlib.sha256(text.encode()).hexdigest()
