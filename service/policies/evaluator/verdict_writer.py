"""Stores verdicts at the priority that the evaluator began with.

Writers come one at a time. An evaluator of low priority that is preempted in a transaction would
hold up every report that waits for its turn, so its transactions run in a thread of their own.
On Linux priority is a matter of the thread: nice(2), pthreads(7), "Nonconformances".

What is new of many servers is stored in several transactions, each of whole servers. All of it in
one would hold up reports for a fifth of a second where servers are judged by new texts. After each
there is a pause, since who waits for a lock is not the first to get it.
"""

from __future__ import annotations

import time
from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import TypeVar

from service.policies.evaluator.notices import Notices
from service.store.engines import Database
from service.store.rule_state import RuleState
from service.store.server_event import ServerEvent
from service.store.verdict_rows import Cursor
from service.store.write.server_events import ServerEventStore
from service.store.write.verdicts import States, VerdictStore

_Given = TypeVar("_Given")

_CHANGES_AT_ONCE = 100  # states of rules on servers, and cursors: some milliseconds
_LONGEST_PAUSE = 0.02  # seconds


@dataclass(slots=True)
class _Part:
    """What one transaction stores."""

    states: list[RuleState] = field(default_factory=list)
    cursors: list[Cursor] = field(default_factory=list)
    events: list[ServerEvent] = field(default_factory=list)

    def __len__(self) -> int:
        return len(self.states) + len(self.cursors)

    def add(self, other: _Part) -> None:
        self.states += other.states
        self.cursors += other.cursors
        self.events += other.events


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
        """Stores what changed: a tick in one transaction, all of a server in one.

        Raises StorageUnavailableError; then some of the servers may be stored.
        """
        whole = _Part([state for state in states if state.is_changed], [*cursors], [*events])
        if fleet_tick is not None:
            self.call(lambda: self._save(whole, fleet_tick))
            return
        for part in _parts(whole):
            began = time.monotonic()
            self.call(lambda: self._save(part))  # noqa: B023 — called before the next
            time.sleep(min(time.monotonic() - began, _LONGEST_PAUSE))

    def _save(self, part: _Part, fleet_tick: int | None = None) -> None:
        transitions = [(state, each) for state in part.states for each in state.transitions]
        with self._database.transaction() as connection:
            self._store.save(connection, part.states, part.cursors, fleet_tick)
            if self._notices is not None:
                self._notices.add(connection, transitions)
            self._events.save(connection, part.events)

    def close(self) -> None:
        self._thread.shutdown()


def _parts(whole: _Part) -> Iterator[_Part]:
    """A few whole servers each, at least one, so that no report waits for long."""
    servers: defaultdict[int | None, _Part] = defaultdict(_Part)
    for state in whole.states:
        servers[state.server_id].states.append(state)
    for cursor in whole.cursors:
        servers[cursor.server_id].cursors.append(cursor)
    for event in whole.events:
        servers[event.server_id].events.append(event)
    part = _Part()
    for server in servers.values():
        if part and len(part) + len(server) > _CHANGES_AT_ONCE:
            yield part
            part = _Part()
        part.add(server)
    if part or part.events:
        yield part
