"""Catching up: stores the reports that the archive has and the database lacks.

The database remembers how far each file of the archive is stored, in the same file as the reports:
a database that goes back to an earlier moment goes back to what it knew then. Lines after that are
compared by their arrival first, which needs no look into the document. Only lines whose arrival the
database does not have as often are read, and looked for by what they say.
"""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from itertools import chain
from pathlib import Path

from service import times
from service.archive import files
from service.archive.read import DamagedLine, parse_line, received_at_of
from service.errors import InvalidReportError, StorageUnavailableError
from service.ingest.json_reader import read_json
from service.ingest.validation import ReportValidator
from service.maintenance.known_files import Place, first_unknown
from service.report import Report
from service.store.archive_files import ArchiveFileStore, KnownFile
from service.store.engines import Database
from service.store.read.consistency import keys_of, open_content
from service.store.write.new_report import NewReport
from service.store.write.reports import MANY_RUNNING, ReportStore
from service.times import DAY

_LINES_AT_ONCE = 200
_BYTES_AT_ONCE = 16 * 1024 * 1024
_ROWS_AHEAD = 10_000
_PAUSE_SECONDS = 0.002  # between transactions, so that those who wait get the lock


@dataclass(slots=True)
class CaughtUp:
    """What catching up did."""

    lines: int = 0  # read
    stored: int = 0  # reports that the database lacked
    faults: list[str] = field(default_factory=list)  # lines that hold no report
    gone: list[str] = field(default_factory=list)  # files that were there before


@dataclass(frozen=True, slots=True)
class _Line:
    path: Path
    number: int  # among those that are read now
    content: bytes
    received_at: int | None


class CatchUp:
    """Compares the archive with the database, and stores what is missing there.

    on_missing: called with the number of missing reports found so far, before any of them is
    stored. It may raise. step: called for each line.
    """

    def __init__(
        self,
        folder: Path,
        database: Database,
        queries: Mapping[str, str],
        *,
        on_missing: Callable[[int], None] = lambda _missing: None,
        step: Callable[[], None] = lambda: None,
    ) -> None:
        self._folder = folder
        self._database = database
        self._queries = queries
        self._known_files = ArchiveFileStore(database, queries)
        self._reports = ReportStore(database, queries)
        self._validator: ReportValidator | None = None  # a normal start needs none
        self._on_missing = on_missing
        self._step = step
        self._missing = 0

    def run(self, received_until: int = times.LAST) -> CaughtUp:
        """Catches up with lines that were received until then; later ones may be being stored.

        Raises StorageUnavailableError. What was stored until then stays, and is remembered.
        """
        outcome = CaughtUp()
        known = self._known_files.all()
        arrivals = _Arrivals(self._known_files)
        found = files.archive_files(self._folder)
        days = {files.day_of(path) for path in found}
        outcome.gone = [name for name in known if name.partition(".")[0] not in days]
        for path in found:
            try:
                place = first_unknown(path, known)
                compared = _compared(place, known)
                if not place.complete:
                    if _is_being_compressed(path):
                        continue
                    arrivals.open_day(files.day_of(path), received_until, compared)
                    if not self._read(place, arrivals, received_until, outcome):
                        continue
                    compared = arrivals.compared
            except FileNotFoundError:
                continue  # gzip(1) removed it since
            except OSError as error:
                raise StorageUnavailableError(f"{path} cannot be read: {error}") from error
            if (now_known := place.known(compared)) != known.get(path.name):
                known[path.name] = now_known
                self._known_files.put([now_known])
        return outcome

    def _read(
        self, place: Place, arrivals: _Arrivals, received_until: int, outcome: CaughtUp
    ) -> bool:
        """Reads on from a place, which advances; false for a compressed file that breaks off."""
        suspects: list[_Line] = []
        shared: set[int] = set()  # moments of which lines before were taken for those stored
        whole = True
        with files.open_file(place.path) as file:
            if place.length:
                file.seek(place.length)
            try:
                for group in _groups(place.path, file, received_until):
                    outcome.lines += len(group)
                    if not arrivals.have(group[0].received_at, len(group)):
                        suspects += group
                        shared |= arrivals.taken_at(group[0].received_at)
                    for line in group:
                        place.advance(line.content)
                        self._step()
                    if _are_many(suspects):
                        self._store_missing(suspects, outcome)
                        suspects.clear()
            except files.UNREADABLE:
                outcome.faults.append(f"{place.path.name} breaks off")
                whole = False
        self._store_missing(suspects, outcome)
        if shared:
            self._store_missing(self._lines_of(place.path, shared, received_until), outcome)
        return whole

    def _lines_of(self, path: Path, moments: set[int], received_until: int) -> list[_Line]:
        """The lines of a day that were received at these moments, in all its files."""
        lines: list[_Line] = []
        for each in files.archive_files(self._folder):
            if files.day_of(each) != files.day_of(path):
                continue
            with suppress(*files.UNREADABLE, FileNotFoundError), files.open_file(each) as file:
                for group in _groups(each, file, received_until):
                    if group[0].received_at in moments:
                        lines += group
        return lines

    def _store_missing(self, lines: list[_Line], outcome: CaughtUp) -> None:
        reports = [
            (report, line.received_at or 0)
            for line in lines
            if (report := self._report_of(line, outcome)) is not None
        ]
        if not reports:
            return
        with open_content(self._database, self._queries) as content:
            missing = [each for each in reports if content.find(keys_of(each[0])) is None]
        if missing:
            self._missing += len(missing)
            self._on_missing(self._missing)
            for group in transactions_of([NewReport(*each, replayed=True) for each in missing]):
                is_large = _rows_of(group[0]) > MANY_RUNNING
                ready = [self._reports.prepared(group[0])] if is_large else group
                outcome.stored += sum(each.new for each in self._reports.add_all(ready))
                time.sleep(_PAUSE_SECONDS)

    def _report_of(self, line: _Line, outcome: CaughtUp) -> Report | None:
        if self._validator is None:
            self._validator = ReportValidator()
        parsed = parse_line(line.path, line.number, line.content)
        place = f"{line.path.name}, line {line.number} of those read now,"
        if isinstance(parsed, DamagedLine):
            outcome.faults.append(f"{place} is no whole line")
            return None
        try:
            return self._validator.validate(read_json(parsed.raw))
        except InvalidReportError as error:
            outcome.faults.append(f"{place} holds no valid report: {error}")
            return None


class _Arrivals:
    """How many reports arrived at each moment of a day, as the database has them."""

    def __init__(self, known_files: ArchiveFileStore) -> None:
        self._known_files = known_files
        self._rows: Iterator[tuple[int, int]] | None = None
        self._ahead: list[tuple[int, int]] = []  # rows of a later day
        self._day = ""
        self._counts: Counter[int] = Counter()
        self._taken: set[int] = set()  # moments of which lines were counted off
        self.compared = 0  # all reports up to this one were counted

    def open_day(self, day: str, received_until: int, after: int) -> None:
        """Counts the reports of a day. The reports up to `after` were compared before."""
        if self._rows is None or after > self.compared:
            self._rows, self._ahead = self._known_files.arrivals(after), []
            self.compared = after
        if day != self._day:
            self._counts.clear()
            self._taken.clear()
            self._day = day
        bound = min(times.parse(day) + DAY, received_until + 1)
        ahead, self._ahead = self._ahead, []
        for id_serv, received_at in chain(ahead, self._rows):
            if received_at < bound:
                self._counts[received_at] += 1
                self.compared = max(self.compared, id_serv)
            else:
                self._ahead.append((id_serv, received_at))
                if len(self._ahead) > _ROWS_AHEAD:
                    break

    def have(self, received_at: int | None, lines: int) -> bool:
        """Whether as many reports arrived at this moment; they are counted no more then."""
        if received_at is None or self._counts[received_at] < lines:
            return False
        self._counts[received_at] -= lines
        self._taken.add(received_at)
        return True

    def taken_at(self, received_at: int | None) -> set[int]:
        """This moment, if lines of it were counted off: any of them may be the missing one."""
        return {received_at} & self._taken if received_at is not None else set()


def transactions_of(reports: Sequence[NewReport]) -> Iterator[list[NewReport]]:
    """Divides reports into short transactions; a large one has one of its own."""
    group: list[NewReport] = []
    rows = 0
    for each in reports:
        rows += _rows_of(each)
        if group and rows > MANY_RUNNING:
            yield group
            group, rows = [], _rows_of(each)
        group.append(each)
    if group:
        yield group


def _rows_of(new: NewReport) -> int:
    return len(new.report.processes) + len(new.report.logins)


def _groups(path: Path, file: Iterator[bytes], received_until: int) -> Iterator[list[_Line]]:
    """The lines of a file, those together that were received at the same moment."""
    group: list[_Line] = []
    for number, content in enumerate(files.complete_lines(file), start=1):
        received_at = received_at_of(content)
        if received_at is not None and received_at > received_until:
            break
        if group and (group[0].received_at != received_at or _are_many(group)):
            yield group
            group = []
        group.append(_Line(path, number, content, received_at))
    if group:
        yield group


def _are_many(lines: list[_Line]) -> bool:
    return len(lines) >= _LINES_AT_ONCE or sum(len(each.content) for each in lines) > _BYTES_AT_ONCE


def _compared(place: Place, known: Mapping[str, KnownFile]) -> int:
    """The report up to which all were compared before this place."""
    name = place.path.name
    if place.length and name in known:
        return known[name].report_id
    day = files.day_of(place.path)
    earlier = (file.report_id for file in known.values() if file.name[: len(day)] < day)
    return max(earlier, default=0)


def _is_being_compressed(path: Path) -> bool:
    """Whether this is what gzip(1) made so far of a plain file, which has all of it."""
    plain = path.with_name(path.name.removesuffix(files.COMPRESSED))
    return path != plain and plain.exists() and files.is_beginning(path, plain)
