"""Finds the lines of the archive that records were made of, and whether these were changed."""

from __future__ import annotations

import itertools
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

from service import times
from service.archive.chain import Stretch, measure_day
from service.archive.read import (
    DamagedLine,
    NumberedLine,
    lines_of_day,
    parse_line,
    received_at_of,
)
from service.errors import InvalidReportError
from service.ingest.json_reader import read_json
from service.ingest.validation import ReportValidator
from service.store.engines import Database
from service.store.engines.question import current
from service.store.read.consistency import content_of, keys_of, open_content

_LINES_BETWEEN_LOOKS = 500


class ArchivedLine(NamedTuple):
    """number: its place among the lines of the day, from 1.

    agrees: the record is what its report says.
    """

    day: str
    number: int
    line: bytes
    agrees: bool


class ArchivedRecords:
    def __init__(self, folder: Path, database: Database, queries: Mapping[str, str]) -> None:
        self._folder = folder
        self._database = database
        self._queries = queries
        self._validator = ReportValidator()

    def find(self, received: Mapping[int, int]) -> dict[int, ArchivedLine]:
        """Maps id_serv to the archived line, for the records that are found.

        received: when each arrived. The archive is read until they are found, a day at most for
        each. Raises StorageUnavailableError, QuestionStoppedError.
        """
        found: dict[int, ArchivedLine] = {}
        for day in sorted({times.to_text(at)[:10] for at in received.values()}):
            wanted = {id_serv for id_serv, at in received.items() if times.to_text(at)[:10] == day}
            moments = {received[id_serv] for id_serv in wanted}
            lines = lines_of_day(self._folder / f"{day}.jsonl")
            for number, each in enumerate(lines, start=1):
                if number % _LINES_BETWEEN_LOOKS == 0:
                    _look()
                if each.line is None or received_at_of(each.line) not in moments:
                    continue
                id_serv, agrees = self._record_of(each) or (0, False)
                if id_serv in wanted:
                    wanted.remove(id_serv)
                    found[id_serv] = ArchivedLine(day, number, each.line, agrees)
                if not wanted:
                    break
        return found

    def changed(self, day: str, stretches: Sequence[Stretch]) -> list[Stretch]:
        """Which of these stretches of a day are not as links of the chain fixed them.

        Raises StorageUnavailableError, QuestionStoppedError.
        """
        lines = itertools.count(1)

        def step() -> None:
            if next(lines) % _LINES_BETWEEN_LOOKS == 0:
                _look()

        return measure_day(self._folder, day, stretches, step).wrong

    def _record_of(self, found: NumberedLine) -> tuple[int, bool] | None:
        """The id_serv that the report of a line has, and whether they agree; null for none."""
        line = parse_line(found.path, found.number, found.line or b"")
        if isinstance(line, DamagedLine):
            return None
        try:
            report = self._validator.validate(read_json(line.raw))
        except InvalidReportError:
            return None
        with open_content(self._database, self._queries) as content:
            record = content.find(keys_of(report))
            if record is None:
                return None
            return record[1], content.content(record[1]).agrees_with(content_of(report))


def _look() -> None:
    question = current()
    if question is not None and question.stops() and question.stopped is not None:
        raise question.stopped
