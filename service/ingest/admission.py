"""Admission: how many reports are handled at a time, and how large ones, so that all get a turn.

A source is a token, or the address of a client that needs none. Each source has a budget, from
which the work on its reports is taken, and its share of the reports under way in a worker process,
counted in bytes of memory:

- Small reports, which nearly all are, start at once while their source has not used up its share.
- Medium ones also wait for others of their source, and for room.
- Large ones come one at a time in the whole service, and after one its source pauses, by what it
  was to change and by its size.

A source that wants more is refused, with the time after which it should try again. Its report is
fine; agents keep it and send it later. A body counts from when it was received, so that a client
that stalls holds a thread and nothing else.
"""

from __future__ import annotations

import logging
import sys
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, ExitStack, contextmanager
from typing import Final, NoReturn

from service.errors import OthersBusyError, QuestionAbandonedError, SourceBusyError
from service.ingest import memory
from service.ingest.budget import BYTES_A_UNIT, UNITS_A_REQUEST, Budget
from service.ingest.large_turn import LargeTurn

_MEBIBYTE: Final = 1024 * 1024

# Handling a report takes about four times its size and a kilobyte a row, at the most.
_TIMES_SIZE = 4
_BYTES_A_ROW = 1000

SMALL: Final = _MEBIBYTE  # bytes so counted; about 800 processes
LARGE: Final = 6 * _MEBIBYTE  # about 5,000
_LIKELY_LARGE = 1_500_000  # bytes on the wire
_LIKELY_LARGE_COMPRESSED = 128 * 1024  # likewise
OF_A_SOURCE: Final = 48 * _MEBIBYTE  # in this process, small and medium
AT_ONCE: Final = 12 * _MEBIBYTE  # medium ones of a source that are handled
OF_ALL: Final = 96 * _MEBIBYTE  # likewise of all sources
LARGE_PART: Final = 3  # of what a source may change, large reports get this part beside it
_MAX_LARGE_SOURCES = 8  # that are handled or wait, in this process

_SWITCH_SECONDS = 0.0005  # while a large report is computed
_WAIT_SECONDS = 20.0
_LEAVES_SECONDS = 0.5  # of waiting, after which the sender may have left
_RETRY_SECONDS = 10
_DELAY_SECONDS = 1.0  # of a refusal, which slows down clients that do not wait
_MAX_DELAYED = 24  # threads; further refusals are not delayed
_SECONDS_BETWEEN_WARNINGS = 60.0

_log = logging.getLogger(__name__)


class Work:
    """A report that is being handled."""

    def __init__(
        self,
        admission: Admission,
        source: str,
        size: int,
        held: ExitStack,
        has_left: Callable[[], bool],
    ) -> None:
        self._admission = admission
        self._held = held
        self.spent = 0.0  # units that its request has taken from the budget
        self.source = source
        self.has_left = has_left
        self.large = False
        self.changes = 0
        self._size = size

    @property
    def units(self) -> float:
        """What handling a large report costs, as in a budget."""
        return self.changes + self._size / BYTES_A_UNIT

    def enlarge(self) -> None:
        """Waits for the turn of a large report. Raises SourceBusyError."""
        if not self.large:
            self._held.enter_context(self._admission.large(self))
            self.large = True

    def will_change(self, changes: int) -> None:
        """Before a report is stored with which so many spans end or start.

        Raises SourceBusyError, if it is not large and the budget of its source is used up.
        """
        if self.large:
            self.changes = changes
        else:
            self._admission.spend(self.source, changes, self.spent)


class Sender:
    """The source of a request, as the receiver of its report knows it.

    Each method may raise SourceBusyError.
    """

    def __init__(self, admission: Admission, source: str, has_left: Callable[[], bool]) -> None:
        self._admission = admission
        self._source = source
        self._has_left = has_left
        self._spent = 0.0

    def expect(self, length: int, *, compressed: bool) -> None:
        """Before a body of so many bytes is received."""
        self._spend(UNITS_A_REQUEST)
        self._admission.expect(self._source, length, compressed=compressed)

    def read(self, size: int) -> None:
        """Before so many bytes of it are looked at, inflated."""
        self._spend(size / BYTES_A_UNIT)

    def admit(self, size: int, rows: int) -> AbstractContextManager[Work]:
        """Before a report of so many bytes and rows is handled."""
        return self._admission.admit(self._source, size, rows, self._has_left, self._spent)

    def _spend(self, units: float) -> None:
        self._admission.spend(self._source, units, self._spent)
        self._spent += units


class Admission:
    """The reports under way in this process, and the large one of all processes."""

    def __init__(
        self,
        turn: LargeTurn,
        budget: Budget,
        sleep: Callable[[float], None] = time.sleep,
        large_rate: float | None = None,
    ) -> None:
        """large_rate: units a second of a source's large reports, in the whole service.

        Null: as in the budget.
        """
        self._turn = turn
        self._large_rate = budget.rate if large_rate is None else large_rate
        self._budget = budget
        self._sleep = sleep
        self._changed = threading.Condition()
        self._claimed: Counter[str] = Counter()  # bytes by source, of small and medium reports
        self._handled: Counter[str] = Counter()  # likewise, of medium ones that do not wait
        self._large_sources: set[str] = set()
        self._delayed = threading.BoundedSemaphore(_MAX_DELAYED)
        self._warned_at = float("-inf")

    def sender(self, source: str, has_left: Callable[[], bool]) -> Sender:
        """has_left: whether nobody waits for the answer any more."""
        return Sender(self, source, has_left)

    def expect(self, source: str, length: int, *, compressed: bool) -> None:
        """Before a body of this length is received. Raises SourceBusyError.

        A source that cannot have the turn now need not send a report that is likely to need it.
        """
        if length > (_LIKELY_LARGE_COMPRESSED if compressed else _LIKELY_LARGE):
            pause = self._turn.pause_of(source)
            if source in self._large_sources or pause:
                self._refuse(source, pause or _RETRY_SECONDS)

    def spend(self, source: str, units: float, own: float = 0.0) -> None:
        """Takes so much from the budget of a source. Raises SourceBusyError if it is used up.

        own: as in Budget.spend().
        """
        wait = self._budget.spend(source, units, own)
        if wait:
            self._refuse(source, wait)

    @contextmanager
    def admit(
        self,
        source: str,
        size: int,
        rows: int,
        has_left: Callable[[], bool] = lambda: False,
        spent: float = 0.0,
    ) -> Iterator[Work]:
        """Admits a report of so many bytes and rows, whose request has spent so many units.

        Raises SourceBusyError, and QuestionAbandonedError if its sender left while it waited.
        """
        weight = _TIMES_SIZE * size + _BYTES_A_ROW * rows
        with ExitStack() as held:
            work = Work(self, source, size, held, has_left)
            work.spent = spent
            if weight > LARGE:
                work.enlarge()
            else:
                held.enter_context(self._share(source, weight))
                if weight > SMALL:
                    held.enter_context(self._room(source, weight))
            yield work

    @contextmanager
    def _share(self, source: str, weight: int) -> Iterator[None]:
        with self._changed:
            is_admitted = self._claimed[source] + weight <= OF_A_SOURCE
            if is_admitted:
                self._claimed[source] += weight
        if not is_admitted:
            self._refuse(source, _RETRY_SECONDS)
        try:
            yield
        finally:
            with self._changed:
                _subtract(self._claimed, source, weight)

    @contextmanager
    def _room(self, source: str, weight: int) -> Iterator[None]:
        def is_free() -> bool:
            handled = self._handled
            return handled[source] + weight <= AT_ONCE and handled.total() + weight <= OF_ALL

        with self._changed:
            if not self._changed.wait_for(is_free, _WAIT_SECONDS):
                is_own_fault = self._handled[source] + weight > AT_ONCE
                raise (SourceBusyError if is_own_fault else OthersBusyError)(_RETRY_SECONDS)
            self._handled[source] += weight
        try:
            yield
        finally:
            with self._changed:
                _subtract(self._handled, source, weight)
                self._changed.notify_all()

    @contextmanager
    def large(self, work: Work) -> Iterator[None]:
        """The turn of a large report. Raises SourceBusyError, QuestionAbandonedError."""
        source = work.source
        with self._changed:
            sources = self._large_sources
            is_first = source not in sources
            if is_first and len(sources) >= _MAX_LARGE_SOURCES:
                raise OthersBusyError(_RETRY_SECONDS)
            sources.add(source)
        if not is_first:
            self._refuse(source, _RETRY_SECONDS)
        try:
            pause = self._turn.pause_of(source)
            if pause:
                self._refuse(source, pause)
            came_at = time.monotonic()
            with self._turn.taken(source, _WAIT_SECONDS), _short_thread_turns():
                # Who has closed the sending half alone is served if nobody else is waited for.
                if time.monotonic() - came_at > _LEAVES_SECONDS and work.has_left():
                    raise QuestionAbandonedError
                try:
                    yield
                finally:
                    self._turn.charge(source, work.units / self._large_rate)
                    memory.release_soon()
        finally:
            with self._changed:
                sources.discard(source)

    def _refuse(self, source: str, retry_after: int) -> NoReturn:
        now = time.monotonic()
        if now - self._warned_at > _SECONDS_BETWEEN_WARNINGS:
            self._warned_at = now
            _log.warning("%s sends too many or too large reports: refused", source)
        if self._delayed.acquire(blocking=False):
            try:
                self._sleep(_DELAY_SECONDS)
            finally:
                self._delayed.release()
        raise SourceBusyError(retry_after)


@contextmanager
def _short_thread_turns() -> Iterator[None]:
    """Lets the threads of other reports wait less long for the interpreter.

    They wait after each read and each statement, 5 ms at a time, while another one computes. Not at
    all times, since it costs all reports a tenth of their processor time.
    """
    usual = sys.getswitchinterval()
    sys.setswitchinterval(_SWITCH_SECONDS)
    try:
        yield
    finally:
        sys.setswitchinterval(usual)


def _subtract(counter: Counter[str], source: str, weight: int) -> None:
    counter[source] -= weight
    if not counter[source]:
        del counter[source]
