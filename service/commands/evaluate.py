"""Judges servers by the rules: once, for pipelines, or as long as it runs."""

from __future__ import annotations

import argparse
import logging
import os
import sys
import time
from collections.abc import Callable
from contextlib import closing, suppress
from pathlib import Path

from service import times
from service.commands.alone import alone
from service.config import Config
from service.errors import ComplianceError, InvalidParameterError
from service.file_lock import hold_lock
from service.maintenance.startup import require_database
from service.policies.backtest.job_starter import JobStarter
from service.policies.evaluator.evaluator import Evaluator
from service.policies.evaluator.hearing import Hearing
from service.policies.evaluator.oscal import checked_ssp, write_oscal
from service.policies.evaluator.outcome import BROKEN, INCOMPLETE, Outcome, write_csv, write_junit
from service.policies.evaluator.progress import (
    Progress,
    listing_hash,
    listing_of,
    stored_rules,
)
from service.policies.evaluator.tasks import TaskMaker
from service.store.engines import Database, open_database
from service.store.evaluator_word import EvaluatorWord
from service.store.queries import load_queries
from service.store.read.evaluation import EvaluationReader
from service.store.read.retirements import RetirementReader
from service.store.read.silence import Silence
from service.store.read.tags import TagReader
from service.store.read.unjudged import UnjudgedReader
from service.store.write.rule_texts import RuleTextStore
from service.store.write.verdicts import VerdictStore

_NICE = 19
_WAIT_SECONDS = 600.0  # for an evaluator that runs already to catch up
_PAUSE_SECONDS = 0.5
_USAGE = 2
_SHARE = 90  # per cent of what applies


def add_arguments(parser: argparse.ArgumentParser) -> None:
    way = parser.add_mutually_exclusive_group(required=True)
    way.add_argument(
        "--once",
        action="store_true",
        help="bring everything up to date, and exit: 3 if a rule is broken, or nothing can be"
        " judged; 4 if not everything is judged, or less than --minimo of what applies; 1 if a"
        " violation of severity alta or"
        " critica is open and not waived; otherwise 0",
    )
    way.add_argument(
        "--follow",
        action="store_true",
        help="judge as reports come in, until it is stopped; it waits while another one runs",
    )
    parser.add_argument(
        "--minimo",
        type=int,
        default=_SHARE,
        metavar="PERCENT",
        choices=range(101),
        help=f"the least part of what applies that has to be judged ({_SHARE})",
    )
    parser.add_argument("--junit", type=Path, metavar="FILE", help="write the verdicts as JUnit")
    parser.add_argument("--csv", type=Path, metavar="FILE", help="write the verdicts as CSV")
    parser.add_argument(
        "--oscal",
        type=Path,
        metavar="FILE",
        help="write the verdicts as OSCAL assessment results, and the assessment plan beside"
        " them, in FILE with .plan.json as its ending; needs --oscal-ssp",
    )
    parser.add_argument(
        "--oscal-ssp",
        metavar="HREF",
        help="the system security plan of these servers: a URI, or a path relative to FILE",
    )
    parser.add_argument("--lock", type=int, help=argparse.SUPPRESS)  # held for it by the keeper


def run(config: Config, options: argparse.Namespace) -> int:
    if options.follow:
        require_database(config)
        return _follow(config, options.lock)
    try:
        ssp = None if options.oscal is None else checked_ssp(options.oscal_ssp)
    except InvalidParameterError as error:
        print(f"compliance: {error}", file=sys.stderr)
        return _USAGE
    try:
        return _once(config, options, ssp)
    except ComplianceError as error:  # of which a pipeline must not say that something severe fails
        print(f"compliance: {error}", file=sys.stderr)
        return BROKEN


def _once(config: Config, options: argparse.Namespace, ssp: str | None) -> int:
    require_database(config)
    is_up_to_date = _bring_up_to_date(config)
    with closing(open_database(config.database)) as database:
        reader = EvaluationReader(database, load_queries())
        evaluation = reader.read(times.now(), with_assessed=ssp is not None)
    outcome = Outcome(evaluation, options.minimo)
    if options.csv is not None:
        write_csv(outcome, options.csv)
    if options.junit is not None:
        write_junit(outcome, options.junit)
    if ssp is not None:
        is_complete = is_up_to_date and not evaluation.waiting.servers
        write_oscal(evaluation, options.oscal, ssp, config.url, is_complete=is_complete)
    for line in outcome.lines():
        print(line)
    if not is_up_to_date:
        print("the evaluator that runs does not catch up, or judges by other files of rules")
        return BROKEN if outcome.exit_code == BROKEN else INCOMPLETE
    return outcome.exit_code


def _follow(config: Config, lock: int | None) -> int:
    with alone(config.evaluator_lock, lock) as stopped:
        if stopped is None:
            return 0
        starter = JobStarter(config)
        try:
            with Evaluator(config) as evaluator:
                starter.start()
                # Of this thread and the guard, which begin() starts; not of the one that stores,
                # nor of back-tests, which lower theirs themselves.
                with suppress(OSError):  # the unit of the service allows no change of priority
                    os.nice(_NICE)
                evaluator.begin()
                evaluator.follow(stopped)
        finally:
            starter.stop()
    return 0


def _bring_up_to_date(config: Config) -> bool:
    """Judges, or waits until the evaluator that runs has judged all that is there now.

    False if it does not come to that.
    """
    descriptor = hold_lock(config.evaluator_lock)
    if descriptor is not None:
        try:
            with Evaluator(config) as evaluator:
                evaluator.begin()
                evaluator.catch_up()
        finally:
            os.close(descriptor)
        return True
    logging.getLogger(__name__).info("an evaluator runs already: waiting until it has caught up")
    ends = time.monotonic() + _WAIT_SECONDS
    with closing(open_database(config.database)) as database:
        is_caught_up = _other_evaluator(config, database)
        while time.monotonic() < ends:
            if is_caught_up():
                return True
            time.sleep(_PAUSE_SECONDS)
    return False


def _other_evaluator(config: Config, database: Database) -> Callable[[], bool]:
    """Tells whether the one that runs has judged all that is there now, by the files of now."""
    queries = load_queries()
    reader, store = UnjudgedReader(queries), VerdictStore(queries)
    silence = Silence(config.silent_after * times.SECOND, config.silent_intervals)
    hearing = Hearing(database, reader, store, silence, config.alive)
    tags = TagReader(queries)
    retirements = RetirementReader(queries)
    tasks = TaskMaker(database, reader, store, hearing, tags, retirements)
    progress = Progress(database, reader, tasks, tags, retirements)
    texts = RuleTextStore(database, queries)
    until = times.now()
    files = listing_hash(listing_of(config.policies))

    def is_caught_up() -> bool:
        word = EvaluatorWord.read(config.evaluator_lock)
        if word is None or word.files != files:
            return False
        return progress.is_reached(until, stored_rules(texts.in_force()), word.epoch)

    return is_caught_up
