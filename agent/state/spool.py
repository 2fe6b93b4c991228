"""The spool: reports on disk until the API has them. Knows nothing of how they are sent.

A report is a file of its own, holding the document as it will be posted. Its name says when it
was taken and what its content must sum up to, so that a file that is empty, cut short or damaged
is told from a report without any record elsewhere:

    00001795403120123456-5f1d03a2-9ae1c07b.json    microseconds since 1970, random, CRC-32
    rejected/…                                     refused reports, see state/dead_letters.py
    dropped.json                                   how many reports were dropped and not yet told
    lock, sending.lock                             held while files change, and while they are sent

Everything is written, synced and renamed into place, so that kill -9 and power cuts leave whole
files only.
"""

# pathlib costs start-up time that nothing here is worth.
# ruff: noqa: PTH108, PTH116, PTH118, PTH123, PTH208
from __future__ import annotations

import contextlib
import errno
import json
import os
import re
import time
import zlib
from typing import TYPE_CHECKING, Any, NamedTuple

from agent.state.atomic_write import PARTIAL, private_folder, sync_folder, write_file
from agent.state.dead_letters import Rejected
from agent.state.file_lock import locked
from agent.wire import LARGEST_COUNT, told

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

LARGEST_BYTES = 256 << 20
LONGEST_SECONDS = 7 * 24 * 3600
_LOCK_SECONDS = 10.0
_NAME = re.compile(r"(\d{20})-[0-9a-f]{8}-([0-9a-f]{8})\.json")
_DROPPED = "dropped.json"


class Damaged(Exception):  # noqa: N818 — what is wrong with a file, as the caller reads it
    """A file of the spool that does not hold what was written."""


class _Dropped(NamedTuple):
    """The reports that were dropped and that no report in the spool tells of.

    carrier: the report that tells them, once it is in the spool
    removing: files that are counted here already, and go
    """

    reports: int = 0
    carrier: str = ""
    removing: tuple[str, ...] = ()


class Spool:
    """Every method raises OSError when the folder cannot be read or written.

    Several agents may share one folder.
    """

    def __init__(
        self,
        folder: str,
        largest_bytes: int = LARGEST_BYTES,
        longest_seconds: float = LONGEST_SECONDS,
    ) -> None:
        self.folder = folder
        self._largest_bytes = largest_bytes
        self._longest_seconds = longest_seconds
        self._rejected = Rejected(os.path.join(folder, "rejected"))

    def put(self, write: Callable[[int], bytes]) -> str:
        """Keep a report, and return its name.

        write: gives the report, told how many reports were dropped since the last one that said so
        """
        with self._locked():
            dropped = self._settled()
            body = write(dropped.reports)
            dropped = self._make_room(len(body), dropped)
            if dropped.reports:
                body = write(dropped.reports)
            name = _name(body)
            if dropped.reports:
                self._write_dropped(dropped._replace(carrier=name))
            write_file(self.folder, name, body)
            if dropped.reports:
                self._write_dropped(_Dropped())
            return name

    def put_as_it_is(self, body: bytes) -> str:
        """Keep a report that is written already."""
        with self._locked():
            self._make_room(len(body), self._settled())
            name = _name(body)
            write_file(self.folder, name, body)
            return name

    def names(self) -> list[str]:
        """Everything that waits, oldest first."""
        try:
            return sorted(name for name in os.listdir(self.folder) if _waits(name))
        except FileNotFoundError:
            return []

    def read(self, name: str) -> bytes:
        """A report. Raises Damaged, and FileNotFoundError when somebody else has sent it."""
        try:
            body = _read(os.path.join(self.folder, name))
        except FileNotFoundError:
            raise
        except OSError as error:  # a folder, a link, a file of another user, a disk that fails
            raise Damaged(f"it cannot be read: {error.strerror}") from error
        matched = _NAME.fullmatch(name)
        if matched is None:
            raise Damaged("its name is none of the spool's")
        if not body:
            raise Damaged("it is empty")
        if zlib.crc32(body) != int(matched[2], 16):
            raise Damaged(f"its {len(body)} bytes are not those that were written")
        return body

    def remove(self, name: str, untold: int = 0) -> None:
        """A report has been delivered.

        untold: how many dropped reports it told of in vain, as version 1 does not say it
        """
        with self._locked():
            dropped = self._settled()
            if untold:
                dropped = self._counted(dropped, untold, [name])
            self._unlink(name)
            if dropped.removing:
                self._write_dropped(dropped._replace(removing=()))

    def set_aside(self, name: str, why: bytes, untold: int = 0) -> None:
        """Move a report that nobody will take to rejected/, with the reasons beside it."""
        with self._locked():
            dropped = self._settled()
            self._rejected.add(os.path.join(self.folder, name), why)
            sync_folder(self.folder)
            if untold:
                self._write_dropped(dropped._replace(reports=dropped.reports + untold))

    def drop_old(self) -> int:
        """Drop the reports that are older than the limit; returns how many waited too long."""
        with self._locked():
            dropped = self._settled()
            oldest = time.time() - self._longest_seconds
            old = [name for name in self.names() if 0 < _taken_at(name) < oldest]
            if old:
                self._drop(old, dropped)
            return len(old)

    @contextlib.contextmanager
    def sending(self, wait_seconds: float) -> Iterator[None]:
        """Be the only one that sends. Raises BlockingIOError when another agent goes on sending."""
        private_folder(self.folder)
        with locked(os.path.join(self.folder, "sending.lock"), wait_seconds):
            yield

    @contextlib.contextmanager
    def _locked(self) -> Iterator[None]:
        private_folder(self.folder)
        with locked(os.path.join(self.folder, "lock"), _LOCK_SECONDS):
            yield

    def _settled(self) -> _Dropped:
        """The count, after what an agent that was killed has left half done is done."""
        for name in os.listdir(self.folder):
            if name.endswith(PARTIAL):
                self._unlink(name)
        dropped = self._read_dropped()
        settled = dropped
        if dropped.carrier and self._holds(dropped.carrier):
            settled = _Dropped(removing=dropped.removing)
        for name in dropped.removing:
            self._unlink(name)
        settled = settled._replace(carrier="", removing=())
        if settled != dropped:
            self._write_dropped(settled)
        return settled

    def _make_room(self, size: int, dropped: _Dropped) -> _Dropped:
        if size > self._largest_bytes:
            raise OSError(errno.EFBIG, f"the report is larger than the spool ({size} bytes)")
        sizes = [(name, self._size(name)) for name in self.names()]
        too_much = sum(taken for _, taken in sizes) + size - self._largest_bytes
        names = []
        for name, taken in sizes:
            if too_much <= 0:
                break
            too_much -= taken
            names.append(name)
        return self._drop(names, dropped) if names else dropped

    def _drop(self, names: list[str], dropped: _Dropped) -> _Dropped:
        untold = sum(1 + self._tells(name) for name in names)
        dropped = self._counted(dropped, untold, names)
        for name in names:
            self._unlink(name)
        dropped = dropped._replace(removing=())
        self._write_dropped(dropped)
        return dropped

    def _counted(self, dropped: _Dropped, untold: int, names: list[str]) -> _Dropped:
        """The count is on disk before its files go: whoever is killed between does not lose it."""
        dropped = dropped._replace(reports=dropped.reports + untold, removing=tuple(names))
        self._write_dropped(dropped)
        return dropped

    def _tells(self, name: str) -> int:
        try:
            return told(self.read(name))
        except (OSError, Damaged):
            return 0

    def _read_dropped(self) -> _Dropped:
        try:
            with open(os.path.join(self.folder, _DROPPED), "rb") as file:
                found: Any = json.loads(file.read())
            return _Dropped(int(found["reports"]), str(found["carrier"]), tuple(found["removing"]))
        except FileNotFoundError:
            return _Dropped()
        except (ValueError, KeyError, TypeError):  # damaged from outside: the count begins again
            return _Dropped()

    def _write_dropped(self, dropped: _Dropped) -> None:
        dropped = dropped._replace(reports=min(dropped.reports, LARGEST_COUNT))
        write_file(self.folder, _DROPPED, json.dumps(dropped._asdict()).encode())

    def _size(self, name: str) -> int:
        try:
            return os.stat(os.path.join(self.folder, name)).st_size
        except FileNotFoundError:
            return 0

    def _holds(self, name: str) -> bool:
        return os.path.lexists(os.path.join(self.folder, name))

    def _unlink(self, name: str) -> None:
        with contextlib.suppress(FileNotFoundError):
            os.unlink(os.path.join(self.folder, name))


def _read(path: str) -> bytes:
    # O_NONBLOCK: a named pipe does not stop the agent.
    flags = os.O_RDONLY | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_NOFOLLOW", 0)
    with os.fdopen(os.open(path, flags | getattr(os, "O_BINARY", 0)), "rb") as file:
        return file.read()


def _name(body: bytes) -> str:
    return f"{time.time_ns() // 1000:020d}-{os.urandom(4).hex()}-{zlib.crc32(body):08x}.json"


def _waits(name: str) -> bool:
    return name.endswith(".json") and name != _DROPPED


def _taken_at(name: str) -> float:
    """Seconds since 1970; 0 for a name that does not say it."""
    matched = _NAME.fullmatch(name)
    return int(matched[1]) / 1e6 if matched else 0
