"""The chain of the archive: links that fix the lines of closed days, each with the link before.

A link is a text of lines, and its digest the SHA-256 of that text:

    archive link 2
    previous 5f70…
    sealed 2026-11-27 01:00:12.345678
    until 2026-11-26
    lines 2026-11-26 0 1440 26542080 9c1e…
    lines 2026-11-19 1200 3 55296 77ab…

A link covers every line of the days up to `until` that no earlier link covers. For each day it
states how many lines earlier links cover, how many it covers itself, their length in bytes, and
their SHA-256. A line that is added to a closed day later is covered by a later link. A day without
lines has no entry. service/archive/README.md says what that proves.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import NamedTuple

from service.archive import files
from service.archive.read import lines_of_day
from service.errors import StorageUnavailableError

NONE_BEFORE = "0" * 64  # the digest before the first link

_SHA256 = r"[0-9a-f]{64}"
_DAY = r"\d{4}-\d\d-\d\d"
_TEXT = re.compile(
    rf"archive link (\d{{1,9}})\nprevious ({_SHA256})\nsealed ([0-9 :.-]{{26}})\nuntil ({_DAY})\n"
    rf"((?:lines {_DAY} \d+ \d+ \d+ {_SHA256}\n)*)"
)
_GZIP_LENGTH = 4  # bytes at the end: the length of the content, modulo 2**32 (RFC 1952)


class Stretch(NamedTuple):
    """Lines of a day that follow each other. before: how many lines of the day precede them."""

    day: str
    before: int
    lines: int
    size: int  # bytes
    sha256: str

    @property
    def end(self) -> int:
        return self.before + self.lines


@dataclass(frozen=True, slots=True)
class Link:
    number: int
    previous: str  # the digest of the link before
    sealed: str  # when, by the clock of the service
    until: str  # the last day whose lines it covers
    stretches: tuple[Stretch, ...]

    @property
    def text(self) -> str:
        head = (
            f"archive link {self.number}\nprevious {self.previous}\n"
            f"sealed {self.sealed}\nuntil {self.until}\n"
        )
        return head + "".join(
            f"lines {each.day} {each.before} {each.lines} {each.size} {each.sha256}\n"
            for each in self.stretches
        )

    @property
    def digest(self) -> str:
        return hashlib.sha256(self.text.encode()).hexdigest()


def parse_link(text: str) -> Link:
    """Raises ValueError."""
    match = _TEXT.fullmatch(text)
    if match is None:
        raise ValueError("is no text of a link")
    stretches = tuple(
        Stretch(day, int(before), int(lines), int(size), digest)
        for _, day, before, lines, size, digest in map(str.split, match[5].splitlines())
    )
    link = Link(int(match[1]), match[2], match[3], match[4], stretches)
    for day in (link.until, *(each.day for each in stretches)):
        date.fromisoformat(day)
    if link.text != text:  # leading zeros, other digits: its digest would be that of another text
        raise ValueError("is not written as links are")
    return link


def stretches_by_day(links: Iterable[Link]) -> dict[str, list[Stretch]]:
    """What the links cover of each day, by its lines. Copies of a link count once."""
    found: dict[str, set[Stretch]] = {}
    for link in links:
        for stretch in link.stretches:
            found.setdefault(stretch.day, set()).add(stretch)
    return {day: sorted(stretches) for day, stretches in found.items()}


def stretches_without_link(stretches: Iterable[Stretch]) -> list[tuple[int, int]]:
    """The lines of a day that no link covers, though later ones are: the first and the last one."""
    found, end = [], 0
    for each in sorted(stretches):
        if each.before > end:
            found.append((end + 1, each.before))
        end = max(end, each.end)
    return found


def late_stretches(links: Sequence[Link]) -> list[tuple[Link, Stretch]]:
    """Lines that came to a day after a link had closed it, each with the link that has them.

    A link that was made while the clock was ahead, as later ones show, has closed no day.
    """
    found: list[tuple[Link, Stretch]] = []
    for number, link in enumerate(links):
        closed = max(
            (each.until for each in links[:number] if each.until <= link.until), default=""
        )
        found += [(link, each) for each in link.stretches if each.before or each.day <= closed]
    return found


class DayMeasured(NamedTuple):
    """What a day has now. wrong: stretches whose lines are gone or changed."""

    lines: int
    wrong: list[Stretch]
    rest: Stretch | None  # the lines that none of the stretches covers
    breaks_off: bool  # a compressed file, which may have had more lines


class _Measure:
    """A stretch whose lines go by."""

    def __init__(self, before: int, end: int | None) -> None:
        self.before, self.end = before, end
        self.lines = self.size = 0
        self._sha256 = hashlib.sha256()

    def take(self, number: int, line: bytes) -> None:
        if self.before <= number and (self.end is None or number < self.end):
            self.lines += 1
            self.size += len(line)
            self._sha256.update(line)

    def of(self, day: str) -> Stretch:
        return Stretch(day, self.before, self.lines, self.size, self._sha256.hexdigest())


def measure_day(
    folder: Path, day: str, stretches: Sequence[Stretch], step: Callable[[], None]
) -> DayMeasured:
    """Compares a day with what links say of it. step: called for each line.

    Raises StorageUnavailableError.
    """
    covered = max((each.end for each in stretches), default=0)
    known = [_Measure(each.before, each.end) for each in stretches]
    rest = _Measure(covered, None)
    number, breaks_off = 0, False
    for found in lines_of_day(folder / f"{day}.jsonl"):
        if found.line is None:
            breaks_off = True
            continue
        for each in (*known, rest):
            each.take(number, found.line)
        number += 1
        step()
    wrong = [
        stretch
        for stretch, measure in zip(stretches, known, strict=True)
        if measure.of(day) != stretch
    ]
    return DayMeasured(number, wrong, rest.of(day) if rest.lines else None, breaks_off)


def has_grown(folder: Path, day: str, stretches: Sequence[Stretch]) -> bool:
    """Whether a day may have lines that no link covers, by the sizes of its files alone.

    Raises StorageUnavailableError.
    """
    plain = folder / f"{day}.jsonl"
    size = 0
    try:
        for path in (plain.with_name(plain.name + files.COMPRESSED), plain):
            if path.exists():
                size += _length(path)
    except OSError as error:
        raise StorageUnavailableError(f"{plain} cannot be read: {error}") from error
    return size % 2**32 != sum(each.size for each in stretches) % 2**32


def _length(path: Path) -> int:
    if path.suffix != files.COMPRESSED:
        return path.stat().st_size
    with path.open("rb") as file:
        file.seek(-min(_GZIP_LENGTH, path.stat().st_size), 2)
        return int.from_bytes(file.read(_GZIP_LENGTH), "little")
