"""Judges the reports of a server in order by what each changes, not by copies of all its rows.

The verdicts are those of EveryReport, which judges late reports, rules that read when a name was
seen first, and what a rule that ends the guard's process leaves over.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from itertools import islice
from typing import Any, NamedTuple

from service.errors import GuardEndedError
from service.policies.backtest.every_report import Judge
from service.policies.evaluator.in_force import RuleInForce
from service.policies.evaluator.task import Task
from service.policies.guard.facts import COLUMNS
from service.policies.guard.guard import Guard
from service.policies.guard.verdict import Verdict
from service.policies.rules.relations import reads_processes
from service.policies.rules.rule import Fact, Semantics
from service.store.engines import Connection
from service.store.read.current import state_of
from service.store.read.sweep import Row, Sweep, SweepStep
from service.store.read.tags import TagReader, Told, rows_of_tags

_AT_ONCE = 500  # tasks; the guard gets all rows at the first one
_NOTHING = SweepStep({}, [], [])
_PROGRAM = 5  # the place of its number in a span of processes


class FewRows(NamedTuple):
    """The processes that rules can read, as swept_processes has them, and what all of them tell.

    facts, names: of a report, by its number: facts of processes, and how many names they have. Null
    where the rows tell that, or nothing asks for it.
    """

    processes: Sequence[Row]
    facts: Callable[[int], Sequence[str] | None]
    names: Callable[[int], int | None]


def looks_at_processes(made: RuleInForce) -> bool:
    """Whether anything that the rule says may depend on processes."""
    rule = made.rule
    facts = {*rule.requires, *rule.requires_to_pass}
    return (
        made.inspection.error is not None  # it is not known what it reads
        or reads_processes(made.reads)
        or not facts.isdisjoint({Fact.NOMBRES, *COLUMNS})
        or rule.semantics is Semantics.FILA_ES_EXITO  # an absence tells how many names there are
    )


class SweptReports:
    """every_report: judges what a sweep does not. looks_at_processes: whether rules ask for any."""

    def __init__(
        self,
        queries: Mapping[str, str],
        guard: Guard,
        every_report: Judge,
        *,
        looks_at_processes: bool,
    ) -> None:
        self._queries, self._guard, self._every_report = queries, guard, every_report
        self._all = None if looks_at_processes else ()
        self._tags = TagReader(queries)

    def judged(
        self,
        connection: Connection,
        tasks: Iterator[Task],
        few: FewRows | None = None,
    ) -> Iterator[Task]:
        """few: what the rules can read; null: all rows."""
        sweep: Sweep | None = None
        at = 0
        told: Told | None = None  # the tags that the guard has
        while chunk := list(islice(tasks, _AT_ONCE)):
            in_order = [task for task in chunk if task.seq > 0 and (task.only is None or task.only)]
            steps: list[dict[str, Any]] = []
            for task in in_order:
                if sweep is None:
                    processes = self._all if few is None else few.processes
                    sweep = Sweep(connection, self._queries, task.server.id, processes)
                step = _step(sweep, task, at, is_first=not steps)
                if few is not None and (task.seq > at or not steps):
                    step["datos"], step["nombres"] = few.facts(task.seq), few.names(task.seq)
                if not steps or task.told != told:
                    told = task.told
                    tags = self._tags.of_server(connection, task.server.id, told)
                    step["etiqueta"] = rows_of_tags(tags)
                steps.append(step)
                at = task.seq
            try:
                verdicts = self._swept(chunk[0].server.id, sweep, steps)
            except GuardEndedError:
                rest = chunk
            else:
                for task, found in zip(in_order, verdicts, strict=True):
                    task.verdicts = found
                rest = [task for task in chunk if task.seq <= 0]
            for _ in self._every_report.judged(connection, iter(rest)):
                pass
            yield from chunk

    def _swept(
        self, server_id: int, sweep: Sweep | None, steps: list[dict[str, Any]]
    ) -> list[dict[str, Verdict]]:
        if sweep is None:  # nothing is in order
            return []
        numbers = {span[_PROGRAM] for step in steps for span in step["proceso"]}
        return self._guard.sweep(server_id, sweep.programs(numbers), steps)


def _step(sweep: Sweep, task: Task, at: int, *, is_first: bool) -> dict[str, Any]:
    """at: the report at which the sweep stands."""
    found = sweep.to(task.seq) if task.seq > at else _NOTHING
    if is_first:
        found = sweep.all()
    return {
        "seq": task.seq,
        "now": task.now,
        "only": None if task.only is None else sorted(task.only),
        "reset": is_first,
        "server": found.server | {"estado": state_of(is_silent=task.is_silent)},
        "proceso": found.processes,
        "usuario": found.logins,
        "etiqueta": None,
    }
