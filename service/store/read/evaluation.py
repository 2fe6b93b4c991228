"""Everything that is judged, at one moment: for pipelines, which exit by it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import NamedTuple

from service.store.engines import Database
from service.store.read.unjudged import UnjudgedReader, Waiting


class ServerVerdict(NamedTuple):
    """The verdict of a rule on a server. reason, detail: of unknown, and of what does not apply."""

    server_id: int
    identity: str
    sibling: int
    rule: str
    severity: str
    state: str
    reason: str | None
    detail: str | None


class OpenViolation(NamedTuple):
    """A violation that is open. key: JSON. Times: microseconds.

    key and motives are null where the rule reads command lines.
    """

    server_id: int
    rule: str
    severity: str
    digest: str
    key: str | None
    opened_after_at: int | None
    opened_in_at: int
    confirmed_at: int | None
    grace_until_at: int | None
    motive_es: str | None
    motive_en: str | None


class Evaluation(NamedTuple):
    """read_at: microseconds. faults: of files of rules: path, line, reason."""

    read_at: int
    verdicts: Sequence[ServerVerdict]
    violations: Sequence[OpenViolation]
    faults: Sequence[tuple[str, int | None, str]]
    waiting: Waiting


class EvaluationReader:
    def __init__(self, database: Database, queries: Mapping[str, str]) -> None:
        self._database, self._queries = database, queries

    def read(self, now: int) -> Evaluation:
        """Of one snapshot. Raises StorageUnavailableError."""
        with self._database.snapshot() as connection:
            verdicts = connection.execute(self._queries["verdicts_now"]).fetchall()
            violations = connection.execute(self._queries["open_violations"]).fetchall()
            faults = connection.execute(self._queries["broken_files_of_rules"]).fetchall()
            waiting = UnjudgedReader(self._queries).waiting(connection)
        return Evaluation(
            now,
            [ServerVerdict(*row) for row in verdicts],
            [OpenViolation(*row) for row in violations],
            [(path, line, reason) for path, line, reason in faults],
            waiting,
        )
