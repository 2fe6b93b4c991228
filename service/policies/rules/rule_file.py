"""Reads a rule's file: a header of comments, which is TOML, and one SELECT.

What only SQLite can tell (columns, functions, whether the cases of `pruebas` hold) is checked by
service/policies/guard/check.py.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import lru_cache
from pathlib import Path
from typing import Any, NamedTuple

from service.policies.rules.aliases import aliases
from service.policies.rules.controls import FRAMEWORKS, is_control
from service.policies.rules.faults import InvalidRuleError, RuleFault
from service.policies.rules.fields import Fields
from service.policies.rules.placeholders import COMMAND_LINES, NAMES_LISTED, placeholders
from service.policies.rules.rule import (
    LANGUAGES,
    Clock,
    Fact,
    InSilence,
    Rule,
    Scope,
    Semantics,
    Severity,
    Texts,
)
from service.policies.rules.small_file import parse_toml, read_small
from service.policies.rules.statement import statement_faults

MAX_BYTES = 65_536

_ID = r"[a-z0-9]+(-[a-z0-9]+)*"
_COLUMN = r"[a-z_][a-z0-9_]*"
_MEMBER = re.compile(r"\s*([A-Za-z0-9_]+)\s*=")
_TOML_LINE = re.compile(r" \(at line (\d+), column \d+\)$")
_TOML_END = " (at end of document)"
# They change while the violation stays the same, or are not for messages. The second line is
# osquery's words for them.
_NO_KEY = re.compile(
    r"pid|ppid|inicio|desde|id_.*|fecha_hora|linea_comando"
    r"|parent|start_time|time|cmdline"
)


class _Header(NamedTuple):
    lines: list[str]  # without their dashes
    sql: str
    sql_line: int

    def members(self) -> dict[str, int]:
        """The line of each member, from 1."""
        found: dict[str, int] = {}
        for at, line in enumerate(self.lines, 1):
            match = _MEMBER.match(line)
            if match:
                found.setdefault(match[1], at)
        return found

    def cases(self) -> tuple[int, ...]:
        """The line of each case, from 1, where each has one veredicto, as it should."""
        return tuple(
            at for at, line in enumerate(self.lines, 1) for _ in re.findall(r"\bveredicto\b", line)
        )


def read_rule(path: Path, relations: frozenset[str]) -> Rule:
    """The rule of a file. relations: names that the statement may not give to anything else.

    Raises InvalidRuleError with all that is wrong.
    """
    return parse_rule(path, read_source(path), relations)


@lru_cache(maxsize=128)  # folders are read again and again, and seldom change
def parse_rule(path: Path, source: str, relations: frozenset[str]) -> Rule:
    """The rule of a text that the file at path has, or had. Raises as read_rule()."""
    header = _split(path, source)
    lines = header.members()
    fields = Fields(path, _toml(path, header), lines.get)
    rule = _rule(path, fields, header)
    if rule.id and rule.id != path.stem:
        fields.fault("id", f"the id {rule.id!r} differs from the name of the file")
    _check_names(fields, rule, aliases(rule.sql, relations))
    _check_motives(fields, rule)
    for line, reason in statement_faults(rule.sql, relations):
        fields.faults.append(RuleFault(path, header.sql_line + line - 1, reason))
    for _, reason in statement_faults(rule.applies.query or "SELECT 1", relations):
        fields.fault("aplica", f"aplica.consulta: {reason}")
    if fields.faults:
        raise InvalidRuleError(*sorted(fields.faults, key=lambda fault: fault.line or 0))
    return rule


def read_source(path: Path) -> str:
    """The text of a file. Raises InvalidRuleError where it is none of a rule's."""
    try:
        content = read_small(path, MAX_BYTES)
    except OSError as error:
        raise InvalidRuleError(
            RuleFault(path, None, f"cannot be read: {error.strerror}")
        ) from error
    except ValueError as error:
        raise InvalidRuleError(RuleFault(path, None, str(error))) from error
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start) + 1
        raise InvalidRuleError(RuleFault(path, line, "is not UTF-8")) from error
    if "\0" in text:
        line = text.count("\n", 0, text.index("\0")) + 1
        raise InvalidRuleError(RuleFault(path, line, "has a NUL"))
    return text.replace("\r\n", "\n")


def _split(path: Path, text: str) -> _Header:
    lines = text.split("\n")
    length = next((at for at, line in enumerate(lines) if not line.startswith("--")), len(lines))
    if not length:
        raise InvalidRuleError(
            RuleFault(path, 1, 'expected a header of lines that begin with "-- "')
        )
    header = [line.removeprefix("--").removeprefix(" ") for line in lines[:length]]
    sql = "\n".join(lines[length:])
    blank = len(sql) - len(sql.lstrip())
    return _Header(header, sql.strip(), length + 1 + sql.count("\n", 0, blank))


def _toml(path: Path, header: _Header) -> Mapping[str, Any]:
    try:
        return parse_toml("\n".join(header.lines))
    except ValueError as error:
        message = str(error)
        match = _TOML_LINE.search(message)
        line = int(match[1]) if match else len(header.lines)
        reason = _TOML_LINE.sub("", message).removesuffix(_TOML_END)
        raise InvalidRuleError(RuleFault(path, line, f"the header is no TOML: {reason}")) from error


def _rule(path: Path, fields: Fields, header: _Header) -> Rule:
    rule = Rule(
        path=path,
        lines=header.members(),
        case_lines=header.cases(),
        id=fields.text("id", max_length=64),
        version=fields.integer("version", 1, 1_000_000),
        severity=fields.choice("severidad", Severity),
        owner=fields.text("responsable", max_length=200),
        texts=_texts(fields),
        references=fields.texts("referencias", default=(), form=r"https?://\S+"),
        controls=_controls(fields),
        semantics=fields.choice("semantica", Semantics),
        scope=fields.choice("ambito", Scope),
        clock=fields.choice("reloj", Clock, default=Clock.NO),
        in_silence=fields.choice("en_silencio", InSilence, default=InSilence.DESCONOCIDO),
        applies=fields.applies(),
        requires=fields.choices("requiere", Fact),
        requires_to_pass=fields.choices("requiere_para_cumplir", Fact),
        key=fields.texts("clave", form=_COLUMN),
        evidence=fields.texts("evidencia", form=_COLUMN),
        deadlines=fields.deadlines(),
        cases=fields.tables("pruebas"),
        formerly=fields.optional_text("antes"),
        sql=header.sql,
        sql_line=header.sql_line,
    )
    fields.refuse_others()
    return rule


def _texts(fields: Fields) -> dict[str, Texts]:
    found: dict[str, Texts] = {}
    for language in LANGUAGES:
        table = fields.table(language)
        if table is not None:
            found[language] = Texts(*(table.text(name) for name in Texts.__dataclass_fields__))
            table.refuse_others()
    if not found:
        fields.fault("es", "es or en is missing; expected the texts in one language at least")
    return found


def _controls(fields: Fields) -> dict[str, tuple[str, ...]]:
    table = fields.table("controles")
    if table is None:
        return {}
    found = {framework: table.texts(framework, default=()) for framework in FRAMEWORKS}
    table.refuse_others()
    for framework, controls in found.items():
        for control in controls:
            if not is_control(framework, control):
                table.fault(framework, f"controles.{framework}: {control!r} is no control of ours")
    return found


def _check_names(fields: Fields, rule: Rule, renamed: Mapping[str, str]) -> None:
    if rule.id and not re.fullmatch(_ID, rule.id):
        fields.fault("id", "expected lower case letters, digits and single - between them")
    if rule.formerly == rule.id and rule.id:
        fields.fault("antes", "antes: expected another id than that of the rule")
    for column in rule.key:
        source = renamed.get(column, column)
        if _NO_KEY.fullmatch(column) or _NO_KEY.fullmatch(source):
            shown = column if source == column else f"{column} is {source}, which"
            fields.fault("clave", f"clave: {shown} changes while the violation stays the same")
    for name, columns in (("clave", rule.key), ("evidencia", rule.evidence)):
        if rule.semantics is Semantics.FILA_ES_EXITO and columns:
            fields.fault(name, f"{name}: expected [], since no row is the violation")


def _check_motives(fields: Fields, rule: Rule) -> None:
    is_absence = rule.semantics is Semantics.FILA_ES_EXITO
    for language, texts in rule.texts.items():
        for placeholder in placeholders(texts.motivo):
            if placeholder in COMMAND_LINES:
                fields.fault(language, f"{language}.motivo: a command line is never in a message")
            elif is_absence and placeholder != NAMES_LISTED:
                fields.fault(
                    language,
                    f"{language}.motivo: expected no column but {{{NAMES_LISTED}}}, since no row is"
                    f" the violation; got {{{placeholder}}}",
                )
