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
    archived_only: list[ReportKey] = field(default_factory=list)


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
            comparison.archived_only.append(keys[0])
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
    old: DatabaseContent, new: DatabaseContent, step: Callable[[], None]
) -> Comparison:
    """Compares a rebuilt database with the old one, whose reports it must have. A step is one."""
    comparison = Comparison()
    olds, news = old.reports(), new.reports()
    in_old, in_new = next(olds, None), next(news, None)
    while in_old is not None or in_new is not None:
        step()
        comparison.reports += 1
        if in_old is not None and (in_new is None or in_old[0] < in_new[0]):
            comparison.differences.append(f"{in_old[0]} is in the old database alone")
            in_old = next(olds, None)
        elif in_new is not None and (in_old is None or in_new[0] < in_old[0]):
            comparison.archived_only.append(in_new[0])
            in_new = next(news, None)
        elif in_old is not None and in_new is not None:
            if not old.content(in_old[1]).agrees_with(new.content(in_new[1])):
                comparison.differences.append(f"{in_old[0]} differs between the two")
            in_old, in_new = next(olds, None), next(news, None)
    return comparison
