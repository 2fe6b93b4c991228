"""What happens to servers themselves, found in the tasks that judge them.

Silence is that of the rules: nobody is silent while the service itself could not hear. Where a rule
about the same applies and can be judged, its violations are the only messages on it.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence

from service.policies.evaluator.task import Task
from service.policies.guard.verdict import State
from service.store.engines import Connection
from service.store.read.unjudged import UnjudgedReader
from service.store.server_event import CLOCK, CLONE, RETURN, RULES, SILENCE, ServerEvent
from service.store.verdict_rows import Bound, event_digest
from service.store.write.server_events import RESOLVED, RETIRED, ServerEventStore

_Open = Mapping[tuple[int | None, str], ServerEvent]


class ServerEvents:
    """Finds the events of a round."""

    def __init__(self, store: ServerEventStore, reader: UnjudgedReader) -> None:
        self._store, self._reader = store, reader

    def of(self, connection: Connection, tasks: Sequence[Task]) -> list[ServerEvent]:
        """What begins and ends with these tasks, once they are judged. connection: a snapshot."""
        known = self._store.open(connection, [task.server.id for task in tasks])
        return [event for task in tasks for event in self._of(connection, task, known)]

    def unspoken(self, connection: Connection, tasks: Sequence[Task]) -> list[ServerEvent]:
        """The silences that go on at these tasks, and of which a rule spoke until now."""
        known = self._store.open(connection, [task.server.id for task in tasks])
        return [
            self._silence(connection, task)
            for task in tasks
            if (task.server.id, SILENCE) not in known
        ]

    def _of(self, connection: Connection, task: Task, known: _Open) -> Iterable[ServerEvent]:
        if task.leaves:
            return self._ended(task, known, (SILENCE, CLOCK), RETIRED)
        if task.is_silence:
            return self._silent(connection, task, known)
        if task.report_at is not None:
            return self._reported(connection, task, known)
        return ()

    def _silent(self, connection: Connection, task: Task, known: _Open) -> Iterator[ServerEvent]:
        if (task.server.id, SILENCE) not in known and not _has_rule(task, SILENCE):
            yield self._silence(connection, task)

    def _silence(self, connection: Connection, task: Task) -> ServerEvent:
        heard = self._reader.report_at_cursor(connection, task.server.id, task.seq)
        since = task.cursor.event or task.bound
        after = None if heard is None else heard.bound
        return _new(task, SILENCE, after, since, event_digest(since))

    def _reported(self, connection: Connection, task: Task, known: _Open) -> Iterator[ServerEvent]:
        yield from self._ended(task, known, (SILENCE,), RESOLVED)
        if task.bound.mark is None:
            yield from self._ended(task, known, (CLOCK,), RESOLVED)
        elif (task.server.id, CLOCK) not in known and not _has_rule(task, CLOCK):
            before = self._reader.report_at_cursor(connection, task.server.id, task.seq - 1)
            yield _new(task, CLOCK, None if before is None else before.bound)
        if task.retirement is not None:
            yield _new(task, RETURN, task.retirement)
        place = task.server.id, task.bound.report_id or 0
        if (
            task.server.sibling
            and not _has_rule(task, CLONE)
            and self._store.is_new_clone(connection, *place)
        ):
            yield _new(task, CLONE, self._store.before_clone(connection, *place))

    def _ended(
        self, task: Task, known: _Open, kinds: Iterable[str], how: str
    ) -> Iterator[ServerEvent]:
        for kind in kinds:
            event = known.get((task.server.id, kind))
            if event is not None:
                event.ended, event.ended_as = task.bound, how
                yield event


def _has_rule(task: Task, kind: str) -> bool:
    verdict = task.verdicts.get(RULES[kind])
    return verdict is not None and verdict.state in {State.FALLA, State.CUMPLE}


def _new(
    task: Task,
    kind: str,
    after: Bound | None,
    since: Bound | None = None,
    digest: str | None = None,
) -> ServerEvent:
    """since, digest: of what shows it; null for the task itself."""
    server = task.server
    return ServerEvent.of_server(
        kind,
        server.id,
        server.identity,
        server.sibling,
        after,
        since or task.bound,
        digest or task.digest,
    )
