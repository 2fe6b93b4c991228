"""Checks rules: `policy test` reads the files, prepares their statements and runs their cases.

`policy plan` compares a folder with the present one: service/commands/policy_plan.py.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from service.commands.policy_plan import add_plan, run_plan
from service.config import Config
from service.errors import ComplianceError
from service.maintenance.startup import require_database
from service.policies.backtest.applying import warnings_of
from service.policies.backtest.candidate import read_folder
from service.policies.backtest.runs import BackTest
from service.policies.guard.check import check_rules
from service.policies.guard.guard import Guard
from service.policies.guard.text_hash import Silence
from service.policies.rules.faults import RuleFault
from service.policies.rules.folders import read_policies
from service.policies.rules.places import SHIPPED_FOLDER


def add_arguments(parser: argparse.ArgumentParser) -> None:
    actions = parser.add_subparsers(dest="action", required=True, metavar="action")
    test = actions.add_parser(
        "test",
        help="check every rule and run its cases",
        description="Checks every rule and runs its cases. Exit codes: 0, all is well; 1, a file is"
        " refused or a case fails; 2, there is no such folder.",
    )
    test.add_argument(
        "folder",
        nargs="?",
        type=Path,
        help="a folder of rules beside the shipped ones; COMPLIANCE_POLICIES if it is left out",
    )
    add_plan(actions)


def run(config: Config, options: argparse.Namespace) -> int:
    if options.action == "plan":
        return run_plan(config, options)
    return _test(config, options)


def _test(config: Config, options: argparse.Namespace) -> int:
    folder = options.folder or config.policies
    if folder is not None and not folder.is_dir():
        print(f"compliance: {folder}: there is no such folder", file=sys.stderr)
        return 2
    policies = read_policies(folder)
    rules = list(policies.rules.values())
    with Guard() as guard:
        _, faults = check_rules(guard, rules, policies.data)
    faults = [*policies.faults, *faults]
    refused = {fault.path for fault in faults}
    for rule in sorted(rules, key=lambda rule: rule.id):
        origin = "shipped" if rule.path.parent == SHIPPED_FOLDER else str(rule.path)
        if rule.path not in refused:
            print(f"ok       {rule.id} ({len(rule.cases)} cases, {origin})")
    for name in sorted(policies.off):
        print(f"off      {name}")
    for fault in sorted(faults, key=lambda fault: (str(fault.path), fault.line or 0)):
        print(f"refused  {fault}")
    for warning in _warnings(config, folder):
        print(f"warning  {warning}")
    count = f"{len(rules)} rules, {sum(len(rule.cases) for rule in rules)} cases"
    found = {0: "no faults", 1: "1 fault"}.get(len(faults), f"{len(faults)} faults")
    print(f"{count}, {found}")
    return 1 if faults else 0


def _warnings(config: Config, folder: Path | None) -> list[RuleFault]:
    """What may be a mistake, by the servers of the database; none where there is no database."""
    try:
        require_database(config)
    except ComplianceError:
        return []
    with BackTest(config) as test:
        silence = Silence(config.silent_after, config.silent_intervals)
        return warnings_of(test, read_folder(folder, test.guard, silence))
