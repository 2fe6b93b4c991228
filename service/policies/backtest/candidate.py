"""The rules to try: read from files, checked as a folder of rules is, and loaded into the guard."""

from __future__ import annotations

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
from service.policies.rules.rule_file import read_rule, read_source


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
    folders = [SHIPPED_FOLDER, *([] if users is None else [users])]
    if path.parent.resolve() not in {folder.resolve() for folder in folders}:
        policies.data = read_data_files([*folders, path.parent])
    try:
        rule = read_rule(path, RELATIONS | HIDDEN)
    except InvalidRuleError as error:
        return Candidates({}, policies.data, error.faults)
    if rule.id in policies.adjustments:
        rule = adjusted(rule, policies.adjustments[rule.id])
    # A fault of another file changes nothing for this rule, unless it is one of the data.
    policies.rules, policies.faults = {rule.id: rule}, list(policies.data.faults)
    return _loaded(policies, guard, silence)


def read_folder(users: Path | None, guard: Guard, silence: Silence) -> Candidates:
    """The rules that would be in force if this were the users' folder."""
    return _loaded(read_policies(users), guard, silence)


def _loaded(policies: Policies, guard: Guard, silence: Silence) -> Candidates:
    rules: list[Rule] = list(policies.rules.values())
    inspections, faults = check_rules(guard, rules, policies.data)
    refused = {fault.path for fault in faults}
    found: dict[str, RuleInForce] = {}
    for number, rule in enumerate(rules, 1):
        if rule.path in refused:
            continue
        try:
            source = read_source(rule.path)
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
