"""Replays archived reports in the order in which another database numbered them.

Lines of the archive stand nearly in that order: two workers append and store at once, and a report
that was refused after it was archived may be stored much later.
"""

from __future__ import annotations

import heapq
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from itertools import islice
from pathlib import Path

from service import times
from service.archive.read import ArchiveLine, DamagedLine, read_archive
from service.errors import InvalidReportError, StorageUnavailableError
from service.ingest.json_reader import read_json
from service.ingest.validation import ReportValidator
from service.report import Report
from service.store.archive_files import ArchiveFileStore
from service.store.engines import MAX_INTEGER, Database
from service.store.queries import load_queries
from service.store.read.consistency import keys_of, open_content
from service.store.write.new_report import NewReport
from service.store.write.reports import ReportStore
from service.times import HOUR, MINUTE

_AT_ONCE = 200
_HELD_BYTES = 256 * 1024 * 1024  # of documents that wait for those before them


@dataclass(order=True, slots=True)
class _Numbered:
    number: int
    received_at: int = field(compare=False)
    raw: bytes = field(compare=False)
    digest: bytes = field(compare=False)  # which the old database has for it


@dataclass(slots=True)
class Replayed:
    """What a replay did."""

    stored: int = 0
    unnamed: int = 0  # lines whose reports the old database does not name
    faults: list[str] = field(default_factory=list)  # lines that hold no report
    unreadable: str = ""  # why the old database could not be read to its end


class Replay:
    """Stores the reports that one database names into another, with their numbers and arrivals."""

    def __init__(self, old: Database, new: Database, step: Callable[[], None]) -> None:
        queries = load_queries()
        self._old = old
        self._queries = queries
        self._arrivals = ArchiveFileStore(old, queries)
        self._reports = ReportStore(new, queries)
        self._validator = ReportValidator()
        self._step = step
        self._held: list[_Numbered] = []
        self._held_bytes = 0
        self._latest = 0  # arrival of those that are stored
        self._done = Replayed()

    def run(self, archive: Path, last: int, after: int = 0) -> Replayed:
        """Replays the reports whose id_serv is greater than `after`, up to `last`.

        Raises StorageUnavailableError for the archive and the new database alone.
        """
        try:
            with _reading_the_old():
                arrivals = self._arrivals.arrivals(after)
                first = min((received_at for _, received_at in arrivals), default=0)
            lines = read_archive(archive, times.to_text(first)[:10])
            expected = _Expected(self._arrivals.arrivals(after))
            while batch := list(islice(lines, _AT_ONCE)):
                reached = self._hold(batch, after, last)
                ready: list[_Numbered] = []
                while self._held:
                    number = self._held[0].number
                    while expected.number < number and (
                        reached > expected.received_at + HOUR or self._held_bytes > _HELD_BYTES
                    ):
                        expected.advance()  # its line is lost
                    if expected.number < number:
                        break  # its line is still to come
                    if expected.number == number:
                        expected.advance()
                    ready.append(self._take())
                self._store(ready)
        except _OldUnreadableError as error:
            self._done.unreadable = str(error)
        while self._held:
            self._store([self._take() for _ in range(min(_AT_ONCE, len(self._held)))])
        return self._done

    def _hold(self, lines: list[ArchiveLine], after: int, last: int) -> int:
        """Keeps those of these lines that are wanted. Returns the last moment of arrival."""
        reports = [(line, self._report_of(line)) for line in lines]
        with _reading_the_old(), open_content(self._old, self._queries) as old:
            for line, report in reports:
                self._step()
                if report is None or isinstance(line, DamagedLine):
                    continue
                found = old.find(keys_of(report))
                if found is None:
                    self._done.unnamed += 1
                elif after < found[1] <= last:
                    numbered = _Numbered(found[1], line.received_at, line.raw, found[0].digest)
                    heapq.heappush(self._held, numbered)
                    self._held_bytes += len(line.raw)
        arrivals = [line.received_at for line in lines if not isinstance(line, DamagedLine)]
        return max(arrivals, default=0)

    def _report_of(self, line: ArchiveLine) -> Report | None:
        place = f"{line.path.name} line {line.line_number}"
        if isinstance(line, DamagedLine):
            self._done.faults.append(f"{place} is no whole line")
            return None
        try:
            return self._validator.validate(read_json(line.raw))
        except InvalidReportError as error:
            self._done.faults.append(f"{place} holds no valid report: {error}")
            return None

    def _take(self) -> _Numbered:
        taken = heapq.heappop(self._held)
        self._held_bytes -= len(taken.raw)
        return taken

    def _store(self, ready: list[_Numbered]) -> None:
        if not ready:
            return
        reports = [
            replace(self._validator.validate(read_json(each.raw)), digest=each.digest)
            for each in ready
        ]
        new = []
        for report, each in zip(reports, ready, strict=True):
            # The old database had it from the archive, too, if others had come in long before.
            replayed = each.received_at < self._latest - MINUTE
            self._latest = max(self._latest, each.received_at)
            new.append(NewReport(report, each.received_at, replayed=replayed, number=each.number))
        stored = self._reports.add_all(new)
        # A line that stands twice finds the record of the first one.
        self._done.stored += sum(each.new for each in stored)


class _Expected:
    """The next report of the old database."""

    def __init__(self, rows: Iterator[tuple[int, int]]) -> None:
        self._rows = rows
        self.number = self.received_at = 0
        self.advance()

    def advance(self) -> None:
        with _reading_the_old():
            self.number, self.received_at = next(self._rows, (MAX_INTEGER, MAX_INTEGER))


class _OldUnreadableError(Exception):
    """The old database is damaged."""


@contextmanager
def _reading_the_old() -> Iterator[None]:
    try:
        yield
    except StorageUnavailableError as error:
        raise _OldUnreadableError(str(error)) from error
