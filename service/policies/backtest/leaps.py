"""Leaps over the reports of a server that change nothing that the rules at hand read.

Such a rule reads names, users, executables and command lines of processes: of those with a name of
a list, in whatever way, or of all in a statement that filters row by row. Of the server it reads
what stays from report to report. The intervals of the rows that it can find are then the answer.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from service.errors import GuardEndedError
from service.policies.backtest.history import Histories, Period
from service.policies.backtest.swept import SweptReports
from service.policies.evaluator.clock_events import Rules
from service.policies.evaluator.hearing import Hearing
from service.policies.evaluator.in_force import RuleInForce
from service.policies.evaluator.task import Task
from service.policies.guard.guard import Guard
from service.policies.guard.inspection import reads_now
from service.policies.rules.relations import (
    facts_read,
    reads_all_processes,
    reads_logins,
    server_columns,
)
from service.policies.rules.row_filter import is_row_filter
from service.policies.rules.rule import Clock, Fact, Rule, Scope, Semantics, Threshold
from service.store.engines import Connection
from service.store.read.marks import MarkReader, Window
from service.times import SECOND

_MOST_PROGRAMS = 20_000  # of all servers, for each server that is replayed

# What differs between reports that say the same.
_OF_A_REPORT = {"id_serv", "fecha_hora", "recibido", "reloj", "zona", "descartados", "id_clonado",
                "visto_desde"}  # fmt: skip
_OF_PROGRAMS = {"", "name", "username", "ejecutable", "linea_comando", "path", "cmdline",
                "servidor", "server", "lista", "nombre", "por"}  # fmt: skip
_COUNTED = {Fact.USUARIOS_DE_PROCESOS, Fact.PPID, Fact.EJECUTABLE, Fact.LINEA_COMANDO}


def is_told_by_few(made: RuleInForce) -> bool:
    """Whether the rule can be judged so."""
    rule, reads = made.rule, made.reads
    columns = server_columns(reads)
    facts = {*rule.requires, *rule.requires_to_pass, *facts_read(made.inspection.applies_reads)}
    return (
        rule.scope is Scope.SERVIDOR
        and rule.clock is Clock.NO
        and rule.semantics is Semantics.FILA_ES_VIOLACION  # an absence counts all names
        and rule.deadlines.grace_after_boot == 0
        and made.inspection.error is None
        and columns is not None
        and columns.isdisjoint(_OF_A_REPORT)
        and not reads_now(rule.sql, rule.applies.query)
        and facts.isdisjoint(_COUNTED)
        and not reads_all_processes(made.inspection.applies_reads)
        and (not reads_all_processes(reads) or finds_one_by_one(made))
    )


def window_of(rules: Rules) -> Window:
    """After so many reports that say the same, nothing changes until one says something else."""
    thresholds = [threshold for made in rules.values() for threshold in _thresholds(made.rule)]
    reports = max((threshold.reports or 0 for threshold in thresholds), default=0)
    seconds = max((threshold.seconds or 0 for threshold in thresholds), default=0)
    # One opens, one confirms or resolves at the last, one shows that nothing changes any more.
    return Window(reports + 3, seconds * SECOND)


class Leaps:
    """Judges servers at the reports that change what the rules read, and in a window after each.

    sweep: judges those. histories: by arrival.
    """

    def __init__(
        self,
        queries: Mapping[str, str],
        guard: Guard,
        hearing: Hearing,
        histories: Histories,
        sweep: SweptReports,
    ) -> None:
        self._reader, self._guard, self._hearing = MarkReader(queries), guard, hearing
        self._histories, self._sweep = histories, sweep
        self._programs: frozenset[int] = frozenset()  # that the rules can find
        self._unnamed: frozenset[int] = frozenset()

    def look(self, connection: Connection, rules: Rules, servers: int) -> bool:
        """Finds the programs. False where they are too many for so few servers, or break a rule."""
        if self._reader.newest_program(connection) > _MOST_PROGRAMS * servers:
            return False
        one_by_one = all(map(finds_one_by_one, rules.values()))
        found: set[int] = set()
        unnamed: set[int] = set()
        try:
            for page in self._reader.programs(connection):
                found.update(self._guard.relevant(page, one_by_one=one_by_one))
                unnamed.update(number for number, name, *_ in page if name is None)
        except GuardEndedError:
            return False
        self._programs, self._unnamed = frozenset(found), frozenset(unnamed)
        return True

    def judged(
        self, connection: Connection, server_id: int, rules: Rules, period: Period
    ) -> Iterator[Task] | None:
        """Null where the server is to be replayed report by report."""
        if self._histories.is_told_of(connection, server_id):
            return None
        marks = self._reader.marks(
            connection,
            server_id,
            last_id=period.last_id,
            limit=self._hearing.shortest_limit,
            programs=self._programs,
            unnamed=self._unnamed,
            with_logins=any(map(_reads_logins, rules.values())),
        )
        if marks is None:
            return None
        reports = self._reader.reports(
            connection, server_id, marks.seqs, window_of(rules), period.last_id, period.until
        )
        tasks = self._histories.tasks(connection, server_id, rules, period, reports)
        return self._sweep.judged(connection, tasks, marks.processes)


def _reads_logins(made: RuleInForce) -> bool:
    facts = {*made.rule.requires, *made.rule.requires_to_pass}
    return reads_logins(made.reads) or Fact.LOGINS in facts


def finds_one_by_one(made: RuleInForce) -> bool:
    """Whether it finds a process by what it runs, whatever else there is."""
    reads = made.inspection.reads
    return (
        is_row_filter(made.rule.sql)
        and len({relation for relation, _ in reads}) == 1
        and all(column in _OF_PROGRAMS for _, column in reads)
    )


def _thresholds(rule: Rule) -> Iterator[Threshold]:
    yield rule.deadlines.confirm_after
    yield rule.deadlines.resolve_after
