"""Stores verdicts at the priority that the evaluator began with.

Writers come one at a time. An evaluator of low priority that is preempted in a transaction would
hold up every report that waits for its turn, so its transactions run in a thread of their own.
On Linux priority is a matter of the thread: nice(2), pthreads(7), "Nonconformances".
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

from service.policies.evaluator.notices import Notices
from service.store.engines import Database
from service.store.server_event import ServerEvent
from service.store.verdict_rows import Cursor
from service.store.write.server_events import ServerEventStore
from service.store.write.verdicts import States, VerdictStore

_Given = TypeVar("_Given")


class VerdictWriter:
    """Make it before the priority is lowered; a thread keeps what it began with."""

    def __init__(
        self,
        database: Database,
        store: VerdictStore,
        events: ServerEventStore,
        notices: Notices | None = None,
    ) -> None:
        """notices: null where nobody is to be told of anything."""
        self._database, self._store, self._notices = database, store, notices
        self._events = events
        self._thread = ThreadPoolExecutor(1, "verdict-writer")
        self.call(int)  # starts the thread

    def call(self, function: Callable[[], _Given]) -> _Given:
        """Runs a function in the thread. Raises what it raises."""
        return self._thread.submit(function).result()

    def save(
        self,
        states: States,
        cursors: Sequence[Cursor] = (),
        fleet_tick: int | None = None,
        events: Sequence[ServerEvent] = (),
    ) -> None:
        """Stores what changed, in one transaction. Raises StorageUnavailableError."""
        self.call(lambda: self._save(states, cursors, fleet_tick, events))

    def _save(
        self,
        states: States,
        cursors: Sequence[Cursor],
        fleet_tick: int | None,
        events: Sequence[ServerEvent],
    ) -> None:
        changed = [state for state in states if state.is_changed]
        transitions = [(state, each) for state in changed for each in state.transitions]
        with self._database.transaction() as connection:
            self._store.save(connection, changed, cursors, fleet_tick)
            if self._notices is not None:
                self._notices.add(connection, transitions)
            self._events.save(connection, events)

    def close(self) -> None:
        self._thread.shutdown()
