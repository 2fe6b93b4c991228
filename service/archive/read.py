"""Reads the archive: every line of every day, plain or compressed with gzip."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from contextlib import ExitStack, suppress
from dataclasses import dataclass
from itertools import groupby
from pathlib import Path
from typing import IO, NamedTuple

from service import times
from service.archive import files
from service.errors import StorageUnavailableError

_LONGEST_HEAD = 100  # bytes before the document


@dataclass(frozen=True, slots=True)
class ArchivedReport:
    """One line of the archive."""

    path: Path
    line_number: int
    received_at: int  # microseconds since 1970, UTC
    raw: bytes  # the document as it was sent


@dataclass(frozen=True, slots=True)
class DamagedLine:
    """A line without a complete report, or the place where a compressed file breaks off."""

    path: Path
    line_number: int


ArchiveLine = ArchivedReport | DamagedLine


class NumberedLine(NamedTuple):
    """A line of a file as it stands, with its end; null where a compressed file breaks off."""

    path: Path
    number: int
    line: bytes | None


def read_archive(folder: Path, first_day: str = "") -> Iterator[ArchiveLine]:
    """Every line since that day, oldest first; a line that stands in both files of a day, once.

    Raises StorageUnavailableError.
    """
    for day, paths in groupby(files.archive_files(folder), files.day_of):
        if day < first_day:
            continue
        plain = next(paths)
        yield from read_day(plain.with_name(plain.name.removesuffix(files.COMPRESSED)))


def read_day(plain: Path) -> Iterator[ArchiveLine]:
    """The lines of a day, of which this is the plain file. Raises StorageUnavailableError."""
    for path, number, line in lines_of_day(plain):
        yield DamagedLine(path, number) if line is None else parse_line(path, number, line)


def lines_of_day(plain: Path) -> Iterator[NumberedLine]:
    """The same lines as they stand. Raises StorageUnavailableError.

    Lines that are added later come last, also where the day is compressed in between.
    """
    compressed = plain.with_name(plain.name + files.COMPRESSED)
    with ExitStack() as opened:
        try:
            # The plain file first: gzip(1) removes it when the compressed one is complete.
            plain_file = _opened(opened, plain)
            both = compressed.exists() and not (
                plain_file is not None and _is_beginning(compressed, plain)
            )
        except OSError as error:
            raise StorageUnavailableError(f"{plain} cannot be read: {error}") from error
        if not both:
            if plain_file is not None:
                yield from _lines(plain, plain_file)
            return
        yield from _both(opened, compressed, plain, plain_file)


def _both(
    opened: ExitStack, compressed: Path, plain: Path, plain_file: IO[bytes] | None
) -> Iterator[NumberedLine]:
    """The lines of the compressed file, and those of the plain one that it does not hold."""
    seen: set[bytes] = set()
    try:
        first = opened.enter_context(files.open_file(compressed))
    except OSError as error:
        raise StorageUnavailableError(f"{compressed} cannot be read: {error}") from error
    for found in _lines(compressed, first):
        if plain_file is not None and (digest := _digest(found)) is not None:
            seen.add(digest)
        yield found
    if plain_file is None:
        # A writer may have begun it anew since.
        with suppress(OSError):
            plain_file = _opened(opened, plain)
    if plain_file is not None:
        for found in _lines(plain, plain_file):
            if _digest(found) not in seen:
                yield found


def _opened(opened: ExitStack, path: Path) -> IO[bytes] | None:
    """The open file; null where there is none. Raises OSError."""
    try:
        return opened.enter_context(path.open("rb"))
    except FileNotFoundError:
        return None


def _is_beginning(compressed: Path, plain: Path) -> bool:
    try:
        return files.is_beginning(compressed, plain)
    except FileNotFoundError:
        return False


def _lines(path: Path, file: IO[bytes]) -> Iterator[NumberedLine]:
    number = 0
    try:
        for number, line in enumerate(files.complete_lines(file), start=1):
            yield NumberedLine(path, number, line)
    except files.UNREADABLE:
        yield NumberedLine(path, number + 1, None)
    except OSError as error:
        raise StorageUnavailableError(f"{path} cannot be read: {error}") from error


def parse_line(path: Path, number: int, line: bytes) -> ArchiveLine:
    received_at, rest = received_at_of(line), line.partition(b'","reporte":')[2]
    if received_at is None or not rest.endswith(b"}\n"):
        return DamagedLine(path, number)
    return ArchivedReport(path, number, received_at, rest[:-2])


def received_at_of(line: bytes) -> int | None:
    """When the report of a line was received; null where the line does not say it."""
    before, found, _ = line[:_LONGEST_HEAD].partition(b'","reporte":')
    if not found:
        return None
    try:
        return times.parse(before.removeprefix(b'{"recibido":"').decode("ascii"))
    except ValueError:
        return None


def _digest(found: NumberedLine) -> bytes | None:
    """By which a report is known in both files of a day; null for a line that has none."""
    if found.line is None:
        return None
    line = parse_line(found.path, found.number, found.line)
    if isinstance(line, DamagedLine):
        return None
    return hashlib.blake2b(line.raw, digest_size=16, key=str(line.received_at).encode()).digest()
