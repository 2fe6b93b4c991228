"""The rules to try: read from files, checked as a folder of rules is, and loaded into the guard."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from service.policies.evaluator.in_force import RuleInForce, in_force
from service.policies.guard.check import check_rules
from service.policies.guard.guard import Guard
from service.policies.guard.text_hash import Silence
from service.policies.rules.data_files import DataFiles, read_data_files
from service.policies.rules.faults import InvalidRuleError, RuleFault
from service.policies.rules.folders import Policies, adjusted, read_policies
from service.policies.rules.places import SHIPPED_FOLDER
from service.policies.rules.relations import HIDDEN, RELATIONS
from service.policies.rules.rule import Rule
from service.policies.rules.rule_file import parse_rule, read_source

_ID = re.compile(r'^--\s*id\s*=\s*"([^"/\\\s]{1,64})"', re.MULTILINE)


@dataclass(frozen=True, slots=True)
class Candidates:
    """rules: those that can be judged, by id. They have been in force for ever.

    off: rules that the folder switches off.
    """

    rules: dict[str, RuleInForce]
    data: DataFiles
    faults: Sequence[RuleFault]
    off: frozenset[str] = frozenset()


def read_candidate(path: Path, users: Path | None, guard: Guard, silence: Silence) -> Candidates:
    """One rule of a file, in force or not, as the folder of users would adjust it.

    It reads the data files of the shipped folder, of the users' folder, and of its own.
    """
    policies = read_policies(users)
    folders = _folders(users)
    if path.parent.resolve() not in {folder.resolve() for folder in folders}:
        policies.data = read_data_files([*folders, path.parent])
    try:
        source = read_source(path)
    except InvalidRuleError as error:
        return Candidates({}, policies.data, error.faults)
    return _candidate(path, source, policies, guard, silence)


def candidate_of_text(
    name: str, source: str, users: Path | None, guard: Guard, silence: Silence
) -> Candidates:
    """The rule of a text that need stand in no file, as the folder of users would adjust it.

    name: the file that faults name. It is not read, and its data files are those of the folders.
    """
    policies = read_policies(users)
    return _candidate(Path(name), source, policies, guard, silence)


def file_name_of(source: str) -> str:
    """The name of the file that the text of a rule has to stand in, by its id.

    Without one it is `regla.sql`.
    """
    found = _ID.search(source)
    return f"{found[1] if found else 'regla'}.sql"


def read_folder(users: Path | None, guard: Guard, silence: Silence) -> Candidates:
    """The rules that would be in force if this were the users' folder."""
    return _loaded(read_policies(users), guard, silence)


def _folders(users: Path | None) -> list[Path]:
    return [SHIPPED_FOLDER, *([] if users is None else [users])]


def _candidate(
    path: Path, source: str, policies: Policies, guard: Guard, silence: Silence
) -> Candidates:
    try:
        rule = parse_rule(path, source, RELATIONS | HIDDEN)
    except InvalidRuleError as error:
        return Candidates({}, policies.data, error.faults)
    if rule.id in policies.adjustments:
        rule = adjusted(rule, policies.adjustments[rule.id])
    # A fault of another file changes nothing for this rule, unless it is one of the data.
    policies.rules, policies.faults = {rule.id: rule}, list(policies.data.faults)
    return _loaded(policies, guard, silence, source)


def _loaded(
    policies: Policies, guard: Guard, silence: Silence, text: str | None = None
) -> Candidates:
    """text: of the only rule; null to read the files of the rules."""
    rules: list[Rule] = list(policies.rules.values())
    inspections, faults = check_rules(guard, rules, policies.data)
    refused = {fault.path for fault in faults}
    found: dict[str, RuleInForce] = {}
    for number, rule in enumerate(rules, 1):
        if rule.path in refused:
            continue
        try:
            source = read_source(rule.path) if text is None else text
        except InvalidRuleError as error:  # it changes just now
            faults += error.faults
            continue
        made = in_force(
            rule,
            source,
            inspections[rule.id],
            policies.data,
            silence,
            policies.adjustments.get(rule.id, {}),
        )
        found[rule.id] = replace(made, text_id=number)
    return Candidates(found, policies.data, [*policies.faults, *faults], frozenset(policies.off))
