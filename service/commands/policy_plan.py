"""Says what changes if a folder of rules takes the place of the present one: `policy plan`."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from service import times
from service.commands.progress import Progress
from service.config import Config
from service.errors import ComplianceError
from service.maintenance.startup import require_database
from service.policies.backtest.candidate import read_folder
from service.policies.backtest.plan import make_plan
from service.policies.backtest.plan_report import lines
from service.policies.backtest.runs import BackTest
from service.policies.guard.text_hash import Silence
from service.times import DAY

DONE, CHANGED, USAGE, REFUSED, INCOMPLETE = 0, 1, 2, 3, 4
_DAYS = 30
_MOST_DAYS = 3660


def add_plan(actions: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    plan = actions.add_parser(
        "plan",
        help="what changes if a folder takes the place of COMPLIANCE_POLICIES",
        description="Says what changes, in verdicts now and over the last days, if a folder of"
        " rules takes the place of COMPLIANCE_POLICIES. Exit codes: 0; 1, verdicts change (with"
        " --codigo); 2, a wrong argument; 3, a file of the folder is refused; 4, a rule broke or"
        " passed its limit, or the database cannot be read.",
    )
    plan.add_argument("folder", type=Path, help="the folder that would be COMPLIANCE_POLICIES")
    plan.add_argument("--dias", type=_days, default=_DAYS, metavar="N", help=f"({_DAYS})")
    plan.add_argument("--markdown", action="store_true", help="for a pull request")
    plan.add_argument("--codigo", action="store_true", help="exit with 1 if verdicts change")


def run_plan(config: Config, options: argparse.Namespace) -> int:
    try:
        return _run(config, options)
    except ComplianceError as error:  # of which a pipeline must not say that verdicts change
        print(f"compliance: {error}", file=sys.stderr)
        return INCOMPLETE


def _run(config: Config, options: argparse.Namespace) -> int:
    if not options.folder.is_dir():
        print(f"compliance: {options.folder}: there is no such folder", file=sys.stderr)
        return USAGE
    require_database(config)
    silence = Silence(config.silent_after, config.silent_intervals)
    with BackTest(config) as test:
        before = read_folder(config.policies, test.guard, silence)
        after = read_folder(options.folder, test.guard, silence)
        for fault in before.faults:
            print(f"compliance: the present folder: refused  {fault}", file=sys.stderr)
        if after.faults:
            for fault in after.faults:
                print(f"refused  {fault}")
            return REFUSED
        now = times.now()
        period = test.period(now - options.dias * DAY, now)
        with Progress("servers and ticks judged") as progress:
            plan = make_plan(test, before, after, period, progress.step)
    for line in lines(plan, is_markdown=options.markdown):
        print(line)
    sides = [side for change in plan.changes for side in (change.before, change.after)]
    if any(side is not None and side.summary.unjudged for side in sides):
        return INCOMPLETE
    return CHANGED if options.codigo and plan.changes_verdicts else DONE


def _days(text: str) -> int:
    if not text.isdecimal() or not 1 <= int(text) <= _MOST_DAYS:
        raise argparse.ArgumentTypeError(f"expected a number of days, got {text!r}")
    return int(text)
