"""Tries a rule on the past: which servers would have failed, when, and how often that was told."""

from __future__ import annotations

import argparse
import sys
from contextlib import ExitStack
from pathlib import Path

from service import times
from service.commands.progress import Progress
from service.config import Config
from service.errors import ComplianceError
from service.maintenance.startup import require_database
from service.policies.backtest.candidate import read_candidate
from service.policies.backtest.history import Axis, Period
from service.policies.backtest.report import as_json, lines, write_csv
from service.policies.backtest.runs import BackTest
from service.policies.backtest.summary import Summary
from service.policies.evaluator.in_force import RuleInForce
from service.policies.guard.text_hash import Silence
from service.policies.rules.faults import InvalidRuleError
from service.policies.rules.fields import seconds_of
from service.policies.rules.rule import Scope
from service.store.read.past import PastServer
from service.times import DAY

DONE, NOISY, USAGE, REFUSED, INCOMPLETE = 0, 1, 2, 3, 4
_DAYS = 30


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.epilog = (
        "Exit codes: 0; 1, more alerts than --max-alertas; 2, a wrong argument; 3, the rule is"
        " refused; 4, not everything was judged: it was interrupted, the rule broke or passed its"
        " limit, or the database cannot be read. Times are UTC, as in 2026-11-01 or"
        " 2026-11-01T12:00:00Z."
    )
    parser.add_argument("rule", type=Path, metavar="RULE.sql", help="the file of the rule")
    parser.add_argument("--desde", type=_moment, help=f"from when on; {_DAYS} days before --hasta")
    parser.add_argument("--hasta", type=_moment, help="until when; now, if it is left out")
    parser.add_argument(
        "--servidor",
        action="append",
        metavar="SERVER",
        help="this server only, by its number, name or address; may be given more than once",
    )
    parser.add_argument(
        "--eje",
        type=Axis,
        choices=list(Axis),
        default=Axis.LLEGADA,
        help="llegada: what would have been said as reports arrived (the default); momento: what"
        " was so at each moment, as known today",
    )
    parser.add_argument(
        "--cada",
        type=_duration,
        metavar="DURATION",
        help='how often a rule about the fleet is judged, as "10m"; as often as the evaluator'
        " does, if it is left out; otherwise it estimates",
    )
    parser.add_argument(
        "--max-alertas", type=int, metavar="N", help="exit with 1 if there are more alerts"
    )
    form = parser.add_mutually_exclusive_group()
    form.add_argument("--csv", action="store_true", help="write the violations as CSV")
    form.add_argument("--json", action="store_true", help="write all that is found as JSON")


def run(config: Config, options: argparse.Namespace) -> int:
    try:
        return _run(config, options)
    except _UsageError as error:
        print(f"compliance: {error}", file=sys.stderr)
        return USAGE
    except InvalidRuleError as refused:
        for fault in refused.faults:
            print(f"refused  {fault}")
        return REFUSED
    except ComplianceError as error:  # of which a pipeline must not say that a rule is noisy
        print(f"compliance: {error}", file=sys.stderr)
        return INCOMPLETE


def _run(config: Config, options: argparse.Namespace) -> int:
    until = times.now() if options.hasta is None else options.hasta
    since = until - _DAYS * DAY if options.desde is None else options.desde
    if since >= until:
        raise _UsageError("--desde has to be before --hasta")
    if not options.rule.is_file():
        raise _UsageError(f"{options.rule}: there is no such file")
    require_database(config)
    with ExitStack() as resources:
        try:
            test = resources.enter_context(BackTest(config))
            rule, servers = _asked(test, config, options)
        except KeyboardInterrupt:
            print("compliance: interrupted before anything was judged", file=sys.stderr)
            return INCOMPLETE
        period = test.period(since, until)
        if period.since >= period.until:
            raise _UsageError("--desde has to be in the past")
        return _back_test(test, rule, servers, period, options)


class _UsageError(ComplianceError):
    pass


def _asked(
    test: BackTest, config: Config, options: argparse.Namespace
) -> tuple[RuleInForce, list[PastServer]]:
    """The rule, and the servers to judge. Raises InvalidRuleError, _UsageError."""
    silence = Silence(config.silent_after, config.silent_intervals)
    candidates = read_candidate(options.rule, config.policies, test.guard, silence)
    if candidates.faults:
        raise InvalidRuleError(*candidates.faults)
    (rule,) = candidates.rules.values()
    servers = test.servers()
    return rule, _chosen(servers, options.servidor) if options.servidor else servers


def _back_test(
    test: BackTest,
    rule: RuleInForce,
    servers: list[PastServer],
    period: Period,
    options: argparse.Namespace,
) -> int:
    summary = Summary(rule.rule.severity, period, test.waived(rule.id))
    if rule.rule.scope is Scope.FLOTA:
        is_whole = _of_fleet(test, rule, servers, summary, options)
    else:
        is_whole = _of_servers(test, rule, servers, summary, options.eje)
    if options.json:
        print(as_json(rule, summary, options.eje, is_whole=is_whole))
    elif options.csv:
        write_csv(rule, summary, sys.stdout)
    else:
        for line in lines(rule, summary, options.eje):
            print(line)
    if not is_whole or summary.unjudged:
        return INCOMPLETE
    if options.max_alertas is not None and summary.alerts > options.max_alertas:
        return NOISY
    return DONE


def _of_servers(
    test: BackTest, rule: RuleInForce, servers: list[PastServer], summary: Summary, axis: Axis
) -> bool:
    """Whether all servers were judged. Ctrl-C ends it, with what was found until then."""
    try:
        with Progress("servers judged", len(servers)) as progress:
            for found in test.of_servers({rule.id: rule}, summary.period, axis, servers):
                summary.add(found.server, found.rules.get(rule.id))
                progress.step()
    except KeyboardInterrupt:
        print(
            f"compliance: interrupted after {summary.servers} of {len(servers)} servers",
            file=sys.stderr,
        )
    return summary.servers == len(servers)


def _of_fleet(
    test: BackTest,
    rule: RuleInForce,
    servers: list[PastServer],
    summary: Summary,
    options: argparse.Namespace,
) -> bool:
    """Whether all ticks were judged. Ctrl-C ends it, with what was found until then."""
    cadence = test.cadence if options.cada is None else options.cada * times.SECOND
    if cadence != test.cadence:
        print(
            f"compliance: an estimate: the evaluator judges every {test.cadence // times.SECOND} s",
            file=sys.stderr,
        )
    run = test.of_fleet({rule.id: rule}, summary.period, options.eje, cadence)
    reached: int | None = None
    is_whole = False
    try:
        with Progress("ticks judged") as progress:
            for reached in run.ticks:  # noqa: B007 — told after it
                progress.step()
        is_whole = True
    except KeyboardInterrupt:
        until = "before the first tick" if reached is None else f"at {times.to_text(reached)}"
        print(f"compliance: interrupted {until}", file=sys.stderr)
    for found in run.found(servers):
        summary.add(found.server, found.rules.get(rule.id))
    return is_whole


def _chosen(servers: list[PastServer], wanted: list[str]) -> list[PastServer]:
    """Raises _UsageError for a name that no server has."""
    found: dict[int, PastServer] = {}
    for name in wanted:
        matching = [server for server in servers if server.is_called(name)]
        if not matching:
            raise _UsageError(f"--servidor {name}: there is no such server")
        found |= {server.id: server for server in matching}
    return sorted(found.values())


def _moment(text: str) -> int:
    try:
        return times.parse(text)
    except ValueError as error:
        raise argparse.ArgumentTypeError(f"expected a time, got {text!r}") from error


def _duration(text: str) -> int:
    seconds = seconds_of(text)
    if not seconds:
        raise argparse.ArgumentTypeError(f'expected a duration as "10s", "10m", "1h", got {text!r}')
    return seconds
