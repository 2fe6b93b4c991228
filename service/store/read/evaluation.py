"""Everything that is judged, at one moment: for pipelines, which exit by it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import NamedTuple

from service.store.engines import Database
from service.store.read.unjudged import UnjudgedReader, Waiting
from service.store.read.waivers import Waiver, WaiverReader, WaiversInForce


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

    key and motives are null where the rule reads command lines. waiver: that which covers it for
    the longest time, if one does.
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
    waiver: Waiver | None


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
        self._waivers = WaiverReader(queries)

    def read(self, now: int) -> Evaluation:
        """Of one snapshot. Raises StorageUnavailableError."""
        with self._database.snapshot() as connection:
            verdicts = connection.execute(self._queries["verdicts_now"]).fetchall()
            in_force = self._waivers.in_force(connection, None, now)
            violations = [
                _violation(
                    OpenViolation._make((*shown, None)), kind, in_force, is_reserved=bool(reserved)
                )
                for *shown, kind, reserved in connection.execute(self._queries["open_violations"])
            ]
            faults = connection.execute(self._queries["broken_files_of_rules"]).fetchall()
            waiting = UnjudgedReader(self._queries).waiting(connection)
        return Evaluation(
            now,
            [ServerVerdict(*row) for row in verdicts],
            violations,
            [(path, line, reason) for path, line, reason in faults],
            waiting,
        )


def _violation(
    found: OpenViolation, kind: str, in_force: WaiversInForce, *, is_reserved: bool
) -> OpenViolation:
    """With its waiver. Files of a pipeline are for everybody: what is reserved is left out."""
    waiver = in_force.lasting(found.rule, found.server_id, kind, found.key or "{}")
    if is_reserved:
        return found._replace(key=None, motive_es=None, motive_en=None, waiver=waiver)
    return found._replace(waiver=waiver)
