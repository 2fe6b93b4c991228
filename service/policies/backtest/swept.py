"""Judges the reports of a server in order by what each changes, not by copies of all its rows.

The verdicts are those of EveryReport, which judges late reports, rules that read when a name was
seen first, and what a rule that ends the guard's process leaves over.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from itertools import islice
from typing import Any

from service import times
from service.errors import GuardEndedError
from service.policies.backtest.replay import Judge
from service.policies.evaluator.task import Task
from service.policies.guard.guard import Guard
from service.store.engines import Connection
from service.store.read.current import state_of
from service.store.read.sweep import Sweep
from service.store.read.tags import TagReader, Told, rows_of_tags

_AT_ONCE = 500  # tasks; the guard gets all rows at the first one
_NOTHING: tuple[list[int], list[Any]] = ([], [])


class SweptReports:
    """every_report: judges what a sweep does not."""

    def __init__(self, queries: Mapping[str, str], guard: Guard, every_report: Judge) -> None:
        self._queries, self._guard, self._every_report = queries, guard, every_report
        self._tags = TagReader(queries)

    def judged(self, connection: Connection, tasks: Iterator[Task]) -> Iterator[Task]:
        sweep: Sweep | None = None
        at = 0
        told: Told | None = None  # the tags that the guard has
        while chunk := list(islice(tasks, _AT_ONCE)):
            in_order = [task for task in chunk if task.seq > 0 and (task.only is None or task.only)]
            steps: list[dict[str, Any]] = []
            for task in in_order:
                if sweep is None:
                    sweep = Sweep(connection, self._queries, task.server.id)
                step = _step(sweep, task, at, is_first=not steps)
                if not steps or task.told != told:
                    told = task.told
                    tags = self._tags.of_server(connection, task.server.id, told)
                    step["etiqueta"] = rows_of_tags(tags)
                steps.append(step)
                at = task.seq
            try:
                verdicts = self._guard.sweep(chunk[0].server.id, steps)
            except GuardEndedError:
                rest = chunk
            else:
                for task, found in zip(in_order, verdicts, strict=True):
                    task.verdicts = found
                rest = [task for task in chunk if task.seq <= 0]
            for _ in self._every_report.judged(connection, iter(rest)):
                pass
            yield from chunk


def _step(sweep: Sweep, task: Task, at: int, *, is_first: bool) -> dict[str, Any]:
    """at: the report at which the sweep stands."""
    step: dict[str, Any] = {
        "now": times.to_text(task.now),
        "only": None if task.only is None else sorted(task.only),
        "reset": is_first,
        "proceso": _NOTHING,
        "usuario": _NOTHING,
        "etiqueta": None,
    }
    if task.seq > at:
        found = sweep.to(task.seq)
        step["proceso"], step["usuario"] = tuple(found.processes), tuple(found.logins)
    if is_first:
        processes, logins = sweep.all()
        step["proceso"], step["usuario"] = ([], processes), ([], logins)
    step["server"] = sweep.server | {"estado": state_of(is_silent=task.is_silent)}
    return step
