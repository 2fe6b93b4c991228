"""The spool: reports on disk until the API has stored them. It knows nothing of HTTP.

Each report is a file that holds the document as it will be posted. The file name contains a number
that orders the reports and the checksum of the content, so an empty, truncated or damaged file is
recognized without any other record:

    10000000000123456789-5f1d03a2-9ae1c07b.json    a report, see state/report_names.py
    rejected/…                                     refused reports, see state/dead_letters.py
    clock                                          numbers and ages reports, see spool_clock.py
    dropped.json                                   how many dropped reports are not yet reported
    delivered                                      the names of the last delivered reports
    lock, sending.lock                             held while files change, and while they are sent

Files are written, synced and renamed into place, so a kill -9 or a power cut leaves only complete
files.
"""

# pathlib would lengthen the start.
# ruff: noqa: PTH112, PTH116, PTH118, PTH208
from __future__ import annotations

import contextlib
import errno
import os
from binascii import crc32
from typing import TYPE_CHECKING

from agent import wire
from agent.state import held_files
from agent.state.atomic_write import PARTIAL, private_folder, sync_folder, write_file
from agent.state.dead_letters import DeadLetters
from agent.state.delivered_names import DeliveredNames
from agent.state.dropped_reports import DroppedReports, read_dropped, write_dropped
from agent.state.file_lock import locked
from agent.state.report_names import checksum_of, is_report, name_of, number_of
from agent.state.spool_clock import SpoolClock

if TYPE_CHECKING:
    from collections.abc import Iterator

    from agent.wire import WireReport

MAX_BYTES = 256 << 20
MAX_AGE_SECONDS = 7 * 24 * 3600
_LOCK_SECONDS = 10.0


class DamagedReportError(Exception):
    """A file of the spool does not hold a complete report."""


class Spool:
    """A folder of reports, which several agents may share.

    Every method raises OSError if the folder cannot be read or written.
    """

    def __init__(
        self,
        folder: str,
        max_bytes: int = MAX_BYTES,
        max_age_seconds: float = MAX_AGE_SECONDS,
    ) -> None:
        self.folder = folder
        self._max_bytes = max_bytes
        self._max_age_seconds = max_age_seconds
        self._dead_letters = DeadLetters(os.path.join(folder, "rejected"))
        self._delivered = DeliveredNames(folder)
        self._clock = SpoolClock(folder)

    def put(self, document: WireReport) -> str:
        """Store a report and return its name.

        The report counts in `descartados` the reports dropped since the last one that did.
        """
        with self._locked():
            dropped = self._settled()
            body = wire.encode(wire.with_dropped_count(document, dropped.reports))
            dropped = self._make_room(len(body), dropped)
            if dropped.reports:
                body = wire.encode(wire.with_dropped_count(document, dropped.reports))
            name = self._next_name(body)
            if dropped.reports:
                write_dropped(self.folder, dropped._replace(carrier=name))
            write_file(self.folder, name, body)
            if dropped.reports:
                write_dropped(self.folder, DroppedReports())
            return name

    def put_encoded(self, body: bytes) -> str:
        """Store a report that is encoded already and return its name."""
        with self._locked():
            self._make_room(len(body), self._settled())
            name = self._next_name(body)
            write_file(self.folder, name, body)
            return name

    def names(self) -> list[str]:
        """The names of the waiting reports, oldest first."""
        try:
            return sorted(name for name in os.listdir(self.folder) if is_report(name))
        except FileNotFoundError:
            return []

    def read(self, name: str) -> bytes:
        """The body of a report.

        Raises DamagedReportError, FileNotFoundError if another agent has sent it meanwhile, and
        OSError if another program holds it.
        """
        path = os.path.join(self.folder, name)
        try:
            body = _read(path)
        except FileNotFoundError:
            raise
        except OSError as error:
            if held_files.is_held(error) and not os.path.isdir(path):
                raise  # a folder, a link, a file of another user, a disk that fails
            raise DamagedReportError(f"it cannot be read: {error.strerror}") from error
        checksum = checksum_of(name)
        if checksum is None:
            raise DamagedReportError("its name is not one of the spool")
        if not body:
            raise DamagedReportError("it is empty")
        if crc32(body) != checksum:
            raise DamagedReportError(f"its {len(body)} bytes differ from those written")
        return body

    def remove(self, name: str, unreported_drops: int = 0) -> None:
        """Remove a delivered report.

        unreported_drops: dropped reports that it counted in vain, because version 1 has no count
        """
        with self._locked():
            dropped = self._settled()
            if unreported_drops:
                dropped = self._counted(dropped, unreported_drops, [name])
            self._delivered.add(name)
            self._unlink(name)
            if dropped.removing:
                write_dropped(self.folder, dropped._replace(removing=()))

    def reject(self, name: str, reason: bytes, unreported_drops: int = 0) -> None:
        """Move a report that cannot be delivered to rejected/, with the reason beside it."""
        with self._locked():
            dropped = self._settled()
            self._dead_letters.add(os.path.join(self.folder, name), reason)
            sync_folder(self.folder)
            if unreported_drops:
                write_dropped(
                    self.folder, dropped._replace(reports=dropped.reports + unreported_drops)
                )

    def drop_old(self) -> int:
        """Drop the reports older than the limit and return their number.

        A report ages while the machine runs; see state/spool_clock.py.
        """
        with self._locked():
            dropped = self._settled()
            numbers = self._numbers()
            oldest = self._clock.now(max(numbers.values(), default=0))
            oldest -= int(self._max_age_seconds * 1_000_000)
            old = [name for name, number in numbers.items() if number < oldest]
            if old:
                self._drop(old, dropped)
            return len(old)

    def has_delivered(self, name: str) -> bool:
        """Whether a report that is no longer in the spool was delivered, by whichever agent."""
        return name in self._delivered

    def has_rejected(self, name: str) -> bool:
        return self._dead_letters.holds(name)

    @contextlib.contextmanager
    def sending(self, wait_seconds: float) -> Iterator[None]:
        """Hold the lock for sending. Raises BlockingIOError if another agent keeps holding it."""
        private_folder(self.folder)
        with locked(os.path.join(self.folder, "sending.lock"), wait_seconds):
            yield

    @contextlib.contextmanager
    def _locked(self) -> Iterator[None]:
        private_folder(self.folder)
        with locked(os.path.join(self.folder, "lock"), _LOCK_SECONDS):
            yield

    def _settled(self) -> DroppedReports:
        """The count, after completing the changes that a killed agent left unfinished."""
        for name in os.listdir(self.folder):
            if name.endswith(PARTIAL):
                held_files.unlink_if_free(os.path.join(self.folder, name))
        dropped = read_dropped(self.folder)
        settled = dropped
        if dropped.carrier and self._holds(dropped.carrier):
            settled = DroppedReports(removing=dropped.removing)
        for name in dropped.removing:
            self._unlink(name)
        settled = settled._replace(carrier="", removing=())
        if settled != dropped:
            write_dropped(self.folder, settled)
        return settled

    def _make_room(self, size: int, dropped: DroppedReports) -> DroppedReports:
        if size > self._max_bytes:
            raise OSError(errno.EFBIG, f"the report is larger than the spool ({size} bytes)")
        sizes = [(name, self._size(name)) for name in self.names()]
        too_much = sum(taken for _, taken in sizes) + size - self._max_bytes
        names = []
        for name, taken in sizes:
            if too_much <= 0:
                break
            too_much -= taken
            names.append(name)
        return self._drop(names, dropped) if names else dropped

    def _drop(self, names: list[str], dropped: DroppedReports) -> DroppedReports:
        added = sum(1 + self._dropped_count(name) for name in names)
        dropped = self._counted(dropped, added, names)
        for name in names:
            self._unlink(name)
        dropped = dropped._replace(removing=())
        write_dropped(self.folder, dropped)
        return dropped

    def _counted(self, dropped: DroppedReports, added: int, names: list[str]) -> DroppedReports:
        """Write the count before the files are removed, so that a kill in between loses nothing."""
        dropped = dropped._replace(reports=dropped.reports + added, removing=tuple(names))
        write_dropped(self.folder, dropped)
        return dropped

    def _dropped_count(self, name: str) -> int:
        try:
            return wire.dropped_count(self.read(name))
        except (OSError, DamagedReportError):
            return 0

    def _next_name(self, body: bytes) -> str:
        return name_of(self._clock.next(max(self._numbers().values(), default=0)), body)

    def _numbers(self) -> dict[str, int]:
        """The number of each report, oldest first, without other files."""
        numbers = ((name, number_of(name)) for name in self.names())
        return {name: number for name, number in numbers if number is not None}

    def _size(self, name: str) -> int:
        try:
            return os.stat(os.path.join(self.folder, name)).st_size
        except FileNotFoundError:
            return 0

    def _holds(self, name: str) -> bool:
        return os.path.lexists(os.path.join(self.folder, name))

    def _unlink(self, name: str) -> None:
        with contextlib.suppress(FileNotFoundError):
            held_files.unlink(os.path.join(self.folder, name))


def _read(path: str) -> bytes:
    # O_NONBLOCK: a named pipe does not block the agent.
    flags = os.O_RDONLY | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_NOFOLLOW", 0)
    with os.fdopen(held_files.open_descriptor(path, flags), "rb") as file:
        return file.read()
