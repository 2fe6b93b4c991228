"""Leaps over the reports of a server that change nothing that the rules at hand read.

Such a rule sees few processes, by what they run, or finds nothing where none of these runs. Of the
server it reads what stays from report to report. The intervals of what it can see are then the
answer, with those of the facts that it requires.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import partial

from service.errors import GuardEndedError
from service.policies.backtest.history import Axis, Histories, Period
from service.policies.backtest.swept import FewRows, SweptReports
from service.policies.backtest.told_facts import ToldFacts
from service.policies.evaluator.clock_events import Rules
from service.policies.evaluator.hearing import Hearing
from service.policies.evaluator.in_force import RuleInForce
from service.policies.evaluator.task import Task
from service.policies.guard.facts import COLUMNS
from service.policies.guard.guard import Guard
from service.policies.guard.inspection import reads_now
from service.policies.guard.sightings import Kind
from service.policies.rules.relations import facts_read, reads_logins, server_columns
from service.policies.rules.rule import Clock, Fact, Rule, Scope, Semantics, Threshold
from service.store.engines import Connection
from service.store.read.marks import MarkReader, Window
from service.times import SECOND

_MOST_PROGRAMS = 20_000  # of all servers, for each server that is replayed

# What differs between reports that say the same.
_OF_A_REPORT = {"id_serv", "fecha_hora", "recibido", "reloj", "zona", "descartados", "id_clonado",
                "visto_desde"}  # fmt: skip


def stays(made: RuleInForce, *, finds_nothing: bool) -> bool:
    """Whether what the rule says stays the same as long as the rows stay that it can see.

    finds_nothing: that its own statement finds none, whatever else it would read.
    """
    rule, inspection = made.rule, made.inspection
    columns = server_columns(inspection.applies_reads if finds_nothing else made.reads)
    return (
        rule.scope is Scope.SERVIDOR
        and rule.clock is Clock.NO
        and inspection.error is None
        and columns is not None
        and columns.isdisjoint(_OF_A_REPORT)
        and not reads_now(None if finds_nothing else rule.sql, rule.applies.query)
    )


def reads_rows(made: RuleInForce) -> bool:
    """Whether what the rule says follows from the rows of a report, the report and the time."""
    is_sound = made.inspection.error is None
    return made.rule.scope is Scope.SERVIDOR and is_sound and not made.reads_first_sight


def window_of(rules: Rules) -> Window:
    """After so many reports that say the same, nothing changes until one says something else."""
    thresholds = [threshold for made in rules.values() for threshold in _thresholds(made.rule)]
    reports = max((threshold.reports or 0 for threshold in thresholds), default=0)
    seconds = max((threshold.seconds or 0 for threshold in thresholds), default=0)
    # One opens, one confirms or resolves at the last, one shows that nothing changes any more.
    return Window(reports + 3, seconds * SECOND)


class Leaps:
    """Judges servers at the reports that change what the rules read, and in a window after each.

    At all reports where one came late, a rule reads the time, or what each report tells anew; but
    by few rows.

    sweep: judges those.
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
        self._kinds: Mapping[str, Kind] = {}
        self._few: set[str] = set()  # rules that see few processes
        # Whether all rules say the same until what they see changes.
        self._leaps = histories.axis is Axis.LLEGADA
        # Programs. Where none of needed runs, no rule sees any of seen; those of always all see.
        self._unnamed: frozenset[int] = frozenset()
        self._always: frozenset[int] = frozenset()
        self._seen: frozenset[int] = frozenset()
        self._needed: frozenset[int] = frozenset()
        self._threads: frozenset[int] = frozenset()

    def look(self, connection: Connection, rules: Rules, servers: int) -> bool:
        """Finds the programs. False where a rule sees all, or they are too many for the servers."""
        try:
            self._kinds = self._guard.sightings()
            for rule, kind in self._kinds.items():
                if kind.sees_few and reads_rows(rules[rule]):
                    self._few.add(rule)
                    self._leaps = self._leaps and stays(rules[rule], finds_nothing=False)
                elif not (kind.needs and stays(rules[rule], finds_nothing=True)):
                    return False
            if self._reader.newest_program(connection) > _MOST_PROGRAMS * servers:
                return False
            self._find_programs(connection)
        except GuardEndedError:
            return False
        return True

    def _find_programs(self, connection: Connection) -> None:
        always: set[int] = set()
        seen: set[int] = set()
        needed: set[int] = set()
        threads: set[int] = set()
        unnamed: set[int] = set()
        for page in self._reader.programs(connection):
            found = self._guard.relevant(page)
            always.update(found.kthreadd)
            threads.update(found.threads)
            for rule, programs in found.rules.items():
                always.update(programs.applies)
                needed.update(programs.needed)
                if rule in self._few:
                    (seen if self._kinds[rule].needs else always).update(programs.seen)
            unnamed.update(number for number, name, *_ in page if name is None)
        self._always, self._seen, self._needed = map(frozenset, (always, seen, needed))
        self._threads, self._unnamed = frozenset(threads), frozenset(unnamed)

    def judged(
        self, connection: Connection, server_id: int, rules: Rules, period: Period
    ) -> Iterator[Task] | None:
        """Null where the server is to be replayed report by report."""
        # A rule may need a tag: then nothing is known to be missing where any was told.
        is_told_of = self._histories.is_told_of(connection, server_id)
        sees_any = is_told_of or self._reader.runs_any(connection, server_id, self._needed)
        if sees_any and not self._few.issuperset(rules):
            return None
        facts = {fact for made in rules.values() for fact in _facts(made)}
        told: ToldFacts | None = None
        if not facts.isdisjoint(COLUMNS):
            told = ToldFacts(self._reader.told(connection, server_id), facts, self._threads)
        marks = self._reader.marks(
            connection,
            server_id,
            last_id=period.last_id,
            limit=self._hearing.shortest_limit,
            programs=self._always | self._seen if sees_any else self._always,
            unnamed=self._unnamed,
            with_logins=Fact.LOGINS in facts or any(reads_logins(r.reads) for r in rules.values()),
            others=() if told is None else told.changes,
            graces={made.rule.deadlines.grace_after_boot * SECOND for made in rules.values()} - {0},
        )
        if marks is None:
            return None
        reports = None
        if self._leaps and marks.seqs is not None:
            reports = self._reader.reports(
                connection, server_id, marks.seqs, window_of(rules), period.last_id, period.until
            )
        tasks = self._histories.tasks(connection, server_id, rules, period, reports)
        absences = any(r.rule.semantics is Semantics.FILA_ES_EXITO for r in rules.values())
        few = FewRows(
            marks.processes,
            _nothing if told is None else told.at,
            partial(self._reader.names_listed, connection, server_id) if absences else _nothing,
        )
        return self._sweep.judged(connection, tasks, few)


def _facts(made: RuleInForce) -> set[Fact]:
    """The facts that decide what it says."""
    rule = made.rule
    return {*rule.requires, *rule.requires_to_pass, *facts_read(made.inspection.applies_reads)}


def _nothing(seq: int) -> None:
    del seq


def _thresholds(rule: Rule) -> Iterator[Threshold]:
    yield rule.deadlines.confirm_after
    yield rule.deadlines.resolve_after
