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
from service.store.read.consistency import Audit, Key, content_of, key_of


@dataclass(frozen=True, slots=True)
class ArchivedLine:
    """A line of the archive: its report, or the reason why it has none."""

    place: str
    received_at: int
    report: Report | None
    fault: str = ""


@dataclass(slots=True)
class Outcome:
    """The result of a comparison."""

    reports: int = 0
    differences: list[str] = field(default_factory=list)
    archived_only: list[Key] = field(default_factory=list)


def archived_lines(folder: Path, validator: ReportValidator) -> Iterator[ArchivedLine]:
    """The lines of an archive folder, in their order."""
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
    database: Audit, lines: Iterator[ArchivedLine], step: Callable[[], None]
) -> Outcome:
    """Holds every report of a database against the archive, both ways; a step is a line.

    The lines must be read after the database's moment, so that they hold all that it holds.
    """
    outcome = Outcome()
    found = set()
    for line in lines:
        step()
        if line.report is None:
            outcome.differences.append(f"archive: {line.place} {line.fault}")
            continue
        key = key_of(line.report)
        id_serv = database.find(key)
        if id_serv is None:
            outcome.archived_only.append(key)
        elif id_serv not in found:
            found.add(id_serv)
            if not database.content(id_serv).agrees_with(content_of(line.report)):
                outcome.differences.append(f"{key} differs from the archive's {line.place}")
    for key, id_serv in database.reports():
        outcome.reports += 1
        if id_serv not in found:
            outcome.differences.append(f"{key} is in the database alone (id_serv {id_serv})")
    return outcome


def against_database(old: Audit, new: Audit, step: Callable[[], None]) -> Outcome:
    """Holds a rebuilt database against the old one, whose reports it must have; a step is one."""
    outcome = Outcome()
    olds, news = old.reports(), new.reports()
    in_old, in_new = next(olds, None), next(news, None)
    while in_old is not None or in_new is not None:
        step()
        outcome.reports += 1
        if in_old is not None and (in_new is None or in_old[0] < in_new[0]):
            outcome.differences.append(f"{in_old[0]} is in the old database alone")
            in_old = next(olds, None)
        elif in_new is not None and (in_old is None or in_new[0] < in_old[0]):
            outcome.archived_only.append(in_new[0])
            in_new = next(news, None)
        elif in_old is not None and in_new is not None:
            if not old.content(in_old[1]).agrees_with(new.content(in_new[1])):
                outcome.differences.append(f"{in_old[0]} differs between the two")
            in_old, in_new = next(olds, None), next(news, None)
    return outcome
