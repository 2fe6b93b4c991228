"""Runs a back-test that was asked for, and says how far it is."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import Any

from service import times
from service.config import Config
from service.errors import ComplianceError
from service.policies.backtest.candidate import candidate_of_text, file_name_of
from service.policies.backtest.history import Axis, Period
from service.policies.backtest.job_result import Picture, kept, result_of
from service.policies.backtest.replay import ServerFound
from service.policies.backtest.runs import BackTest
from service.policies.backtest.summary import Summary
from service.policies.evaluator.in_force import RuleInForce
from service.policies.guard.text_hash import Silence
from service.policies.rules.faults import RuleFault
from service.policies.rules.rule import Scope
from service.store.backtest_jobs import Job
from service.store.read.past import PastServer
from service.times import HOUR

_MAX_REASON = 1000  # characters
_MAX_FAULTS = 50


class JobCancelledError(KeyboardInterrupt):
    """A job is cancelled: raised anywhere within a run, as by Ctrl-C."""


@dataclass(slots=True)
class Progress:
    """How far a run is: of so many servers, or of hours for a rule about the fleet."""

    done: int = 0
    total: int | None = None


class _RefusedError(Exception):
    def __init__(self, faults: Iterable[RuleFault] = (), reason: str | None = None) -> None:
        super().__init__(reason)
        self.result = {
            "motivo": reason,
            "faltas": [
                {"fichero": fault.shown_path, "linea": fault.line,
                 "motivo": fault.reason[:_MAX_REASON]}
                for fault in list(faults)[:_MAX_FAULTS]
            ],
        }  # fmt: skip


def run_job(
    config: Config,
    job: Job,
    progress: Progress,
    is_cancelled: Callable[[], bool] = lambda: False,
) -> Job:
    """The job as it ends. is_cancelled: asked between two servers.

    A JobCancelledError that is raised within ends it as well, with what was found until then.
    """
    try:
        state, result = _run(config, job, progress, is_cancelled)
    except JobCancelledError:  # before anything was found
        state, result = "cancelled", None
    except _RefusedError as refused:
        state, result = "refused", refused.result
    except ComplianceError as error:
        state, result = "failed", {"motivo": str(error)[:_MAX_REASON]}
    return job._replace(
        state=state,
        done=progress.done,
        total=progress.total,
        result=None if result is None else kept(result),
    )


def _run(
    config: Config, job: Job, progress: Progress, is_cancelled: Callable[[], bool]
) -> tuple[str, dict[str, Any]]:
    source = job.source or ""
    with BackTest(config) as test:
        silence = Silence(config.silent_after, config.silent_intervals)
        name = file_name_of(source) if job.is_unsaved else f"{job.rule}.sql"
        candidates = candidate_of_text(name, source, config.policies, test.guard, silence)
        if candidates.faults:
            raise _RefusedError(candidates.faults)
        servers = test.servers()
        if job.server is not None:
            servers = [server for server in servers if server.is_called(job.server)]
            if not servers:
                raise _RefusedError(reason=f"there is no server {job.server!r}")
        (rule,) = candidates.rules.values()
        period = test.period(job.since_at, job.until_at)
        of_rule_then = rule.rule.severity, period, test.waived(rule.id)
        summary, picture = Summary(*of_rule_then), Picture(*of_rule_then)
        is_of_fleet = rule.rule.scope is Scope.FLOTA
        judge = _of_fleet if is_of_fleet else _of_servers
        is_whole = False
        try:
            for found in judge(test, rule, period, servers, progress):
                of_rule = found.rules.get(rule.id)
                summary.add(found.server, of_rule)
                picture.add(found.server, of_rule)
                if is_cancelled():
                    break
            else:
                is_whole = True
        except JobCancelledError:
            pass
        cadence = HOUR // times.SECOND if is_of_fleet else None
        result = result_of(rule, summary, picture, is_whole=is_whole, cadence=cadence)
    return "done" if is_whole else "cancelled", result


def _of_servers(
    test: BackTest,
    rule: RuleInForce,
    period: Period,
    servers: list[PastServer],
    progress: Progress,
) -> Iterator[ServerFound]:
    progress.total = len(servers)
    for found in test.of_servers({rule.id: rule}, period, Axis.LLEGADA, servers):
        progress.done += 1
        yield found


def _of_fleet(
    test: BackTest,
    rule: RuleInForce,
    period: Period,
    servers: list[PastServer],
    progress: Progress,
) -> Iterator[ServerFound]:
    """What was found until the end, or until it was cancelled."""
    begin = min((server.first_received_at for server in servers), default=period.until)
    progress.total = max(period.until - begin, 0) // HOUR
    run = test.of_fleet({rule.id: rule}, period, Axis.LLEGADA, HOUR)
    try:
        for reached in run.ticks:
            progress.done = min(max(reached - begin, 0) // HOUR, progress.total)
    except JobCancelledError:
        yield from run.found(servers)
        raise
    yield from run.found(servers)
