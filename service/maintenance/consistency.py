"""Consistency checks: a database against the archive, or against another database."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

from service.archive.read import DamagedLine, read_archive
from service.errors import InvalidReportError
from service.ingest.json_reader import read_json
from service.ingest.validation import ReportValidator
from service.report import Report
from service.store.engines import MAX_INTEGER
from service.store.read.consistency import (
    DatabaseContent,
    ReportKey,
    content_of,
    keys_of,
)


@dataclass(frozen=True, slots=True)
class ArchivedLine:
    """A line of the archive: its report, or the reason why it has none."""

    place: str
    received_at: int
    report: Report | None
    fault: str = ""


@dataclass(slots=True)
class Comparison:
    """The result of a comparison."""

    reports: int = 0
    differences: list[str] = field(default_factory=list)
    archived_only: list[tuple[ReportKey, int]] = field(default_factory=list)  # with their arrival
    renumbered: int = 0  # reports whose id_serv is another


def archived_lines(folder: Path, validator: ReportValidator) -> Iterator[ArchivedLine]:
    """Reads the lines of the archive, in their order."""
    for line in read_archive(folder):
        place = f"{line.path.name} line {line.line_number}"
        if isinstance(line, DamagedLine):
            yield ArchivedLine(place, 0, None, "is no whole line")
            continue
        try:
            report = validator.validate(read_json(line.raw))
        except InvalidReportError as error:
            yield ArchivedLine(place, line.received_at, None, f"holds no valid report: {error}")
        else:
            yield ArchivedLine(place, line.received_at, report)


def against_archive(
    database: DatabaseContent, lines: Iterator[ArchivedLine], step: Callable[[], None]
) -> Comparison:
    """Compares every report of a database with the archive, both ways. A step is a line.

    The lines must be read after the moment of the database, so that they include all its reports.
    """
    comparison = Comparison()
    found = set()
    for line in lines:
        step()
        if line.report is None:
            comparison.differences.append(f"archive: {line.place} {line.fault}")
            continue
        keys = keys_of(line.report)
        record = database.find(keys)
        if record is None:
            comparison.archived_only.append((keys[0], line.received_at))
            continue
        key, id_serv = record
        if id_serv not in found:
            found.add(id_serv)
            if not database.content(id_serv).agrees_with(content_of(line.report)):
                comparison.differences.append(f"{key} differs from the archive's {line.place}")
    for key, id_serv in database.reports():
        comparison.reports += 1
        if id_serv not in found:
            comparison.differences.append(f"{key} is in the database alone (id_serv {id_serv})")
    return comparison


def against_database(
    old: DatabaseContent, new: DatabaseContent, step: Callable[[], None], last: int = MAX_INTEGER
) -> Comparison:
    """Compares a rebuilt database with the old one, whose reports it must have. A step is one.

    last: the last record of the old database that counts. Those after it came in since.
    """
    comparison = Comparison()
    for key, in_old, in_new in _pairs(old.reports(), new.reports()):
        step()
        if in_old is not None and in_old > last and in_new is None:
            continue
        comparison.reports += 1
        if in_new is None:
            comparison.differences.append(f"{key} is in the old database alone")
        elif in_old is None:
            comparison.archived_only.append((key, 0))
        else:
            comparison.renumbered += in_old != in_new
            if not old.content(in_old).agrees_with(new.content(in_new)):
                comparison.differences.append(f"{key} differs between the two")
    return comparison


def only_in_old(old: DatabaseContent, new: DatabaseContent) -> list[ReportKey]:
    """The reports of the old database that the new one lacks."""
    return [key for key, _, in_new in _pairs(old.reports(), new.reports()) if in_new is None]


def _pairs(
    olds: Iterator[tuple[ReportKey, int]], news: Iterator[tuple[ReportKey, int]]
) -> Iterator[tuple[ReportKey, int | None, int | None]]:
    """Each key, with its id_serv in either database, or null where that one lacks it."""
    in_old, in_new = next(olds, None), next(news, None)
    while in_old is not None or in_new is not None:
        if in_old is not None and (in_new is None or in_old[0] < in_new[0]):
            yield (*in_old, None)
            in_old = next(olds, None)
        elif in_new is not None and (in_old is None or in_new[0] < in_old[0]):
            yield in_new[0], None, in_new[1]
            in_new = next(news, None)
        elif in_old is not None and in_new is not None:
            yield (*in_old, in_new[1])
            in_old, in_new = next(olds, None), next(news, None)
