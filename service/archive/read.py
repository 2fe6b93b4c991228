"""Reads the archive: every line of every day, plain or compressed with gzip."""

from __future__ import annotations

import gzip
import re
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from service import times
from service.errors import StorageUnavailableError

_DAY = re.compile(r"\d{4}-\d{2}-\d{2}\.jsonl")


@dataclass(frozen=True, slots=True)
class ArchivedReport:
    """One line of the archive."""

    path: Path
    line_number: int
    received_at: int  # microseconds since 1970, UTC
    raw: bytes  # the document as it was sent


@dataclass(frozen=True, slots=True)
class DamagedLine:
    """A line without a complete report."""

    path: Path
    line_number: int


def read_archive(folder: Path) -> Iterator[ArchivedReport | DamagedLine]:
    """Every line, oldest first. Raises StorageUnavailableError."""
    names = (path.name.removesuffix(".gz") for path in folder.iterdir())
    for day in sorted({name for name in names if _DAY.fullmatch(name)}):
        path, number = folder / day, 0
        try:
            with _open_day(path) as lines:
                path = Path(str(lines.name))  # as it was found
                for number, line in enumerate(lines, start=1):
                    # A last line without its end is being written, or its writer died. It was
                    # not acknowledged.
                    if line.endswith(b"\n"):
                        yield _parse(path, number, line)
        except (EOFError, gzip.BadGzipFile, zlib.error):
            yield DamagedLine(path, number + 1)  # and the rest of the file
        except OSError as error:
            raise StorageUnavailableError(f"{path} cannot be read: {error}") from error


def _open_day(path: Path) -> BinaryIO | gzip.GzipFile:
    """The plain file of a day, or its compressed one; while gzip runs, both exist."""
    try:
        return path.open("rb")
    except FileNotFoundError:
        return gzip.open(path.with_name(path.name + ".gz"))


def _parse(path: Path, number: int, line: bytes) -> ArchivedReport | DamagedLine:
    before, _, rest = line.partition(b'","reporte":')
    try:
        received_at = times.parse(before.removeprefix(b'{"recibido":"').decode("ascii"))
    except ValueError:
        return DamagedLine(path, number)
    if not rest.endswith(b"}\n"):
        return DamagedLine(path, number)
    return ArchivedReport(path, number, received_at, rest[:-2])
