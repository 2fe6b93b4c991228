"""What judges the tasks of a back-test, and the plainest of these, which all others equal."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Protocol

from service.policies.evaluator.record_judge import RecordJudge
from service.policies.evaluator.task import Task
from service.store.engines import Connection


class Judge(Protocol):
    """Gives tasks of one server their verdicts, and hands them on in their order."""

    def judged(self, connection: Connection, tasks: Iterator[Task]) -> Iterator[Task]: ...


class EveryReport:
    """Judges every record as the evaluator does: copied out of the database, one at a time."""

    def __init__(self, judge: RecordJudge) -> None:
        self._judge = judge

    def judged(self, connection: Connection, tasks: Iterator[Task]) -> Iterator[Task]:
        del connection  # copies are read by a connection of their own
        for task in tasks:
            self._judge.judge([task])
            yield task
