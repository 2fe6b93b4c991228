"""Verdicts of stored reports, and the stores that answer about them."""

from __future__ import annotations

from typing import NamedTuple

from service import times
from service.policies.guard.verdict import Verdict
from service.report import Profile, Report
from service.store.queries import load_queries
from service.store.read.moments import Moment
from service.store.read.policies import PolicyStore
from service.store.read.verdict_at import VerdictRow
from service.store.read.violations import ViolationFilter, ViolationRow, ViolationStore
from service.times import MINUTE, SECOND
from tests.support.judged import Judging
from tests.support.stores import Stores

START = times.parse("2026-03-01 10:00:00")
RULE = "minero"


class Asked(NamedTuple):
    """A database with a rule that judges it, and the stores that answer."""

    both: Stores
    judging: Judging
    policies: PolicyStore
    violations: ViolationStore

    def judge(self, server: int, at: int, verdict: Verdict, *, delay: int = SECOND) -> int:
        """A report of this server at that minute, with its verdict; its id_serv."""
        id_serv = self.store(server, at, delay=delay)
        self.judging.report(id_serv, minero=verdict)
        return id_serv

    def store(self, server: int, at: int, *, delay: int = SECOND) -> int:
        taken_at = START + at * MINUTE
        profile = Profile(f"10.0.0.{server}", "x86_64", "Xeon", "Debian", "12")
        report = Report(taken_at, profile, [], [], b"%d/%d" % (server, at))
        return self.both.add(report, taken_at + delay).id_serv

    def verdict(self, server: int, moment: Moment | None) -> VerdictRow | None:
        return self.policies.of_server(server, moment).verdicts.get(RULE)

    def listed(self, **criteria: object) -> list[ViolationRow]:
        wanted = ViolationFilter(**criteria)  # type: ignore[arg-type]
        return self.violations.page(wanted, 0, 1000).violations


def asked(both: Stores, *, confirm: int = 1, resolve: int = 1, grace: int = 0) -> Asked:
    """confirm, resolve: reports. grace: minutes, of a new server."""
    judging = Judging(both.database)
    judging.take_up(RULE, START - MINUTE, confirm=confirm, resolve=resolve, grace=grace * 60)
    queries = load_queries()
    return Asked(
        both,
        judging,
        PolicyStore(both.database, queries),
        ViolationStore(both.database, queries),
    )


def at(minute: float) -> Moment:
    return Moment(START + round(minute * MINUTE))


def known(minute: float) -> Moment:
    moment = START + round(minute * MINUTE)
    return Moment(moment, moment)
