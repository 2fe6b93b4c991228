"""The rules in force: the shipped ones, the user's own, and the user's adjustments.

A user's folder has rules, data files, and `ajustes.toml` with a table for each rule that differs:

    [sin-auditd]
    activa = false

    [minero]
    severidad = "alta"
    aplica = { etiqueta = "entorno=produccion" }
    plazos = { confirmar_tras = "2 informes" }
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from service.policies.rules.data_files import DataFiles, read_data_files
from service.policies.rules.faults import InvalidRuleError, RuleFault
from service.policies.rules.fields import Fields
from service.policies.rules.places import SHIPPED_FOLDER
from service.policies.rules.relations import HIDDEN, RELATIONS
from service.policies.rules.rule import LANGUAGES, Rule, Severity
from service.policies.rules.rule_file import read_rule
from service.policies.rules.small_file import is_hidden, is_there, parse_toml, read_small

ADJUSTMENTS = "ajustes.toml"
ADJUSTED = "ajustes"  # the member of what decides beside a text that has its table
_MAX_ADJUSTMENTS = 1024 * 1024  # bytes

_LINE = re.compile(r" \(at line (\d+), column \d+\)$")

# (id, version) to the hash that the text of this version had, in one folder.
KnownVersions = Mapping[tuple[str, int], str]


@dataclass(slots=True)
class Policies:
    """rules: those in force, by id. refused: the ids of files that are not. off: switched off.

    adjustments: the tables of `ajustes.toml` that the rules have been changed by.
    """

    rules: dict[str, Rule] = field(default_factory=dict)
    data: DataFiles = field(default_factory=DataFiles)
    refused: set[str] = field(default_factory=set)
    off: set[str] = field(default_factory=set)
    adjustments: dict[str, dict[str, Any]] = field(default_factory=dict)  # by id, as they stand
    faults: list[RuleFault] = field(default_factory=list)


def read_policies(
    users: Path | None = None,
    *,
    shipped: Path = SHIPPED_FOLDER,
    known: Mapping[Path, KnownVersions] | None = None,
) -> Policies:
    """The rules of both folders; a user's replaces the shipped one of the same id.

    known: what earlier versions of each folder's rules were. What is wrong is left out, and told in
    the faults: a shipped rule does not stand in for a user's that is refused.
    """
    found = Policies()
    folders = [shipped] if users is None else [shipped, users]
    for folder in folders:
        _read_folder(found, folder, (known or {}).get(folder, {}))
    found.data = read_data_files(folders)
    found.faults += found.data.faults
    if users is not None and is_there(users / ADJUSTMENTS):
        _adjust(found, users / ADJUSTMENTS)
    for rule in found.rules.values():
        if rule.path.parent == SHIPPED_FOLDER and set(rule.texts) < set(LANGUAGES):
            found.faults.append(RuleFault(rule.path, None, "expected texts in es and en"))
    return found


def _read_folder(found: Policies, folder: Path, known: KnownVersions) -> None:
    try:
        paths = sorted(
            path for path in folder.iterdir() if path.suffix == ".sql" and not is_hidden(path.name)
        )
    except OSError as error:
        found.faults.append(RuleFault(folder, None, f"cannot be read: {error.strerror}"))
        return
    for path in paths:
        found.rules.pop(path.stem, None)
        try:
            rule = read_rule(path, RELATIONS | HIDDEN)
            was = known.get((rule.id, rule.version), rule.hash)
            if was != rule.hash:
                reason = f"version {rule.version} was another text: give this one a new version"
                raise InvalidRuleError(RuleFault(path, rule.lines.get("version"), reason))  # noqa: TRY301
        except InvalidRuleError as error:
            found.refused.add(path.stem)
            found.faults += error.faults
        else:
            found.refused.discard(path.stem)
            found.rules[rule.id] = rule


def _adjust(found: Policies, path: Path) -> None:
    try:
        text = read_small(path, _MAX_ADJUSTMENTS).decode("utf-8-sig")
        tables = parse_toml(text)
    except (OSError, ValueError) as error:
        match = _LINE.search(str(error))
        line = int(match[1]) if match else None
        found.faults.append(RuleFault(path, line, f"cannot be read: {_LINE.sub('', str(error))}"))
        return
    lines = text.splitlines()
    for rule, table in tables.items():
        heading = next(
            (
                at
                for at, line in enumerate(lines, 1)
                if re.match(rf"\[\s*{re.escape(rule)}\s*\]", line)
            ),
            None,
        )
        found.faults += _adjust_rule(found, path, heading, rule, table)


def _adjust_rule(
    found: Policies,
    path: Path,
    line: int | None,
    name: str,
    table: Any,  # noqa: ANN401
) -> list[RuleFault]:
    if not isinstance(table, dict):
        return [RuleFault(path, line, f"{name}: expected a table")]
    if name not in found.rules:
        if name in found.refused:
            return []  # its own fault is told
        return [RuleFault(path, line, f"there is no rule {name!r}")]
    fields = Fields(path, table, lambda _: line)
    is_on = fields.flag("activa", default=True)
    changed = _adjusted(found.rules[name], fields, table)
    if not fields.faults:
        found.rules[name] = changed
        found.adjustments[name] = table
        if not is_on:
            found.off.add(name)
            del found.rules[name]
    return fields.faults


def adjusted(rule: Rule, table: Mapping[str, Any]) -> Rule:
    """The rule, changed by a table of `ajustes.toml` that was accepted once."""
    fields = Fields(rule.path, table, lambda _: None)
    fields.flag("activa", default=True)
    return _adjusted(rule, fields, table)


def _adjusted(rule: Rule, fields: Fields, table: Mapping[str, Any]) -> Rule:
    changed = replace(
        rule,
        severity=fields.choice("severidad", Severity, default=rule.severity),
        applies=fields.applies() if "aplica" in table else rule.applies,
        deadlines=fields.deadlines() if "plazos" in table else rule.deadlines,
        written=rule,
    )
    fields.know("aplica", "plazos")
    fields.refuse_others()
    return changed
