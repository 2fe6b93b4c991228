"""Everything that is judged, at one moment: for pipelines, which exit by it."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import NamedTuple

from service.store.engines import Connection, Database
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


class RuleInForce(NamedTuple):
    """A rule that judges. source: its file. controls: by framework."""

    rule: str
    hash: str
    version: int
    severity: str
    controls: Mapping[str, Sequence[str]]
    source: str


class ServerInService(NamedTuple):
    """A server that is not retired. received_at: microseconds, of its newest report."""

    server_id: int
    identity: str
    sibling: int
    ip_server: str
    nombre_host: str | None
    received_at: int


class Assessed(NamedTuple):
    """What was judged by what. fleet: what tells this fleet from others; null before a server."""

    fleet: str | None = None
    rules: Sequence[RuleInForce] = ()
    servers: Sequence[ServerInService] = ()


class Evaluation(NamedTuple):
    """read_at: microseconds. faults: of files of rules: path, line, reason.

    assessed: empty where it was not asked for.
    """

    read_at: int
    verdicts: Sequence[ServerVerdict]
    violations: Sequence[OpenViolation]
    faults: Sequence[tuple[str, int | None, str]]
    waiting: Waiting
    assessed: Assessed = Assessed()


class EvaluationReader:
    def __init__(self, database: Database, queries: Mapping[str, str]) -> None:
        self._database, self._queries = database, queries
        self._waivers = WaiverReader(queries)

    def read(self, now: int, *, with_assessed: bool = False) -> Evaluation:
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
            assessed = self._assessed(connection) if with_assessed else Assessed()
        return Evaluation(
            now,
            [ServerVerdict(*row) for row in verdicts],
            violations,
            [(path, line, reason) for path, line, reason in faults],
            waiting,
            assessed,
        )

    def _assessed(self, connection: Connection) -> Assessed:
        rules = [
            RuleInForce(rule, text_hash, version, severity, json.loads(controls), source)
            for rule, text_hash, version, severity, controls, source in connection.execute(
                self._queries["rules_in_force"]
            )
        ]
        servers = connection.execute(self._queries["servers_in_service"]).fetchall()
        first = connection.execute(self._queries["first_identity"]).fetchone()
        fleet = None if first is None else str(first[0])
        return Assessed(fleet, rules, [ServerInService(*row) for row in servers])


def _violation(
    found: OpenViolation, kind: str, in_force: WaiversInForce, *, is_reserved: bool
) -> OpenViolation:
    """With its waiver. Files of a pipeline are for everybody: what is reserved is left out."""
    waiver = in_force.lasting(found.rule, found.server_id, kind, found.key or "{}")
    if is_reserved:
        return found._replace(key=None, motive_es=None, motive_en=None, waiver=waiver)
    return found._replace(waiver=waiver)
