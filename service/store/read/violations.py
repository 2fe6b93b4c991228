"""Violations: what is open, or was so at a moment, and since when."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

from service import times
from service.errors import ViolationNotFoundError
from service.store.engines import MAX_INTEGER, Connection, Database
from service.store.past_openings import PastOpening, of_violations
from service.store.read.bounds import NOWHERE, bounds_of
from service.store.read.moments import Moment, ended_after, moment_of_verdicts, moment_parameters
from service.store.read.tags import Told, parameters_of_tag, tagged_at
from service.store.read.waivers import Waiver, WaiverReader
from service.store.tag_format import WantedTag
from service.store.verdict_rows import Bound
from service.store.write.multi_row import select_rows

MOST_LATE = 20  # late reports that are shown of a violation
BATCH = 1000  # violations of a list that is read whole


@dataclass(frozen=True, slots=True)
class ViolationFilter:
    """Selects violations; a null criterion selects all.

    moment: as it was then. framework: of rules that name a control of it. is_open: those that went
    on, or those that had ended. since, until: those that went on within a period. tag: of servers
    that had it then, or when the period ended.
    digest: this one alone, whatever else is given.
    """

    rule: str | None = None
    server_id: int | None = None
    severity: str | None = None
    framework: str | None = None
    is_open: bool | None = None
    tag: WantedTag | None = None
    moment: Moment | None = None
    since: int | None = None
    until: int | None = None
    digest: bytes | None = None

    def parameters(self) -> dict[str, Any]:
        at, known_at = moment_parameters(self.moment)
        words_at = min(at, self.until if self.until is not None else at)
        return {
            "rule": self.rule,
            "server_id": self.server_id,
            "severity": self.severity,
            "controls_like": None if self.framework is None else f'%"{self.framework}": ["%',
            "is_open": None if self.is_open is None else int(self.is_open),
            "moment": at,
            "known_at": known_at,
            "since": self.since,
            "until": self.until,
            "words_at": words_at,
            "ended_after": ended_after(at, known_at),
            "digest": self.digest,
            **parameters_of_tag(self.tag, min(Told.at(self.moment).told_until, words_at)),
        }

    @property
    def query(self) -> str:
        """The name of the query whose index fits."""
        if self.digest is not None:
            return "violation_of_digest"
        if self.server_id is not None:
            return "violations_of_server"
        if self.rule is not None:
            return "violations_of_rule"
        return "violations_going_on" if self.is_open else "violations"


class LateSight(NamedTuple):
    """A late report that shows a violation that was open then."""

    report_id: int
    at: int
    received_at: int


class ViolationRow(NamedTuple):
    """A violation, as it was known at the moment asked about.

    id: the key of lists. digest: in hex, the same after a rebuild. command_lines: its rule reads
    command lines. severity: that of the moment, or of the end of the period. key: the values of the
    rule's `clave`. kind: clave, resto (total more of them) or inestable. evidence: rows, frozen at
    the opening; total: how many there were. case_since_at: when the first of a chain of violations
    opened that were not repaired. unknown_because: why the verdict is unknown; null if it is known.
    is_cloned: machines share its id. is_open: it went on. opened_after: null if there was no
    verdict before that the server passed. seen: the last report or event that showed it. late: the
    first late reports that showed it too; has_more_late: there are more of them. past: where there
    was no verdict before, since when it had been open by the records of before. waiver: that which
    covers it for the longest time, if it went on and one did.
    """

    severity: str | None
    id: int
    digest: str
    rule: str
    version: int
    text_hash: str
    command_lines: bool
    server_id: int
    ip_server: str
    nombre_host: str | None
    is_cloned: bool
    kind: str
    key: dict[str, Any]
    total: int
    evidence: list[dict[str, Any]]
    motive_es: str | None
    motive_en: str | None
    relapses: int
    is_late: bool
    former: str | None
    continues: str | None
    case_since_at: int
    in_grace: bool
    ended_as: str | None
    unknown_because: str | None
    is_open: bool
    opened_after: Bound | None
    opened_in: Bound
    confirmed: Bound | None
    seen: Bound | None
    ended: Bound | None
    late: Sequence[LateSight] = ()
    has_more_late: bool = False
    past: PastOpening | None = None
    waiver: Waiver | None = None


@dataclass(frozen=True, slots=True)
class ViolationPage:
    """Some violations, the newest first; `after` is the cursor of the next page, or null."""

    violations: list[ViolationRow]
    after: int | None


class ViolationStore:
    def __init__(
        self,
        database: Database,
        queries: Mapping[str, str],
        clock: Callable[[], int] = times.now,
    ) -> None:
        self._database, self._queries, self._clock = database, queries, clock
        self._waivers = WaiverReader(queries)

    def page(self, criteria: ViolationFilter, after: int, limit: int) -> ViolationPage:
        """The newest violations; after: the cursor, 0 for the first page."""
        with self._database.snapshot() as connection:
            rows = self._rows(connection, criteria, after, limit + 1)
        shown = rows[:limit]
        return ViolationPage(shown, shown[-1].id if len(rows) > limit else None)

    def violation(self, digest: str) -> ViolationRow:
        """The violation with this digest, in hex. Raises ViolationNotFoundError."""
        try:
            criteria = ViolationFilter(digest=bytes.fromhex(digest))
        except ValueError as error:
            raise ViolationNotFoundError(digest) from error
        found = self.page(criteria, 0, 1).violations
        if not found:
            raise ViolationNotFoundError(digest)
        return found[0]

    def batches(self, criteria: ViolationFilter, after: int) -> Iterator[list[ViolationRow]]:
        """All of them, in batches, each of a snapshot of its own: no reader holds one for long."""
        position: int | None = after
        while position is not None:
            page = self.page(criteria, position, BATCH)
            yield page.violations
            position = page.after

    def _rows(
        self, connection: Connection, criteria: ViolationFilter, after: int, limit: int
    ) -> list[ViolationRow]:
        parameters = criteria.parameters() | {"before": after or MAX_INTEGER, "limit": limit}
        rows = connection.execute(self._queries[criteria.query], parameters)
        at, known_at = moment_parameters(criteria.moment)
        found = [_violation(row, at, known_at) for row in rows]
        late: dict[int, list[LateSight]] = {}
        query, keys = self._queries["late_sightings"], [(row.id,) for row in found]
        for number, *sight in select_rows(connection, query, keys):
            shown = LateSight(*sight)
            if known_at is None or shown.received_at <= known_at:
                late.setdefault(number, []).append(shown)
        past = of_violations(connection, self._queries, [row.id for row in found])
        in_force = self._waivers.in_force(connection, criteria.moment, self._clock())
        return [
            row._replace(
                late=late.get(row.id, ())[:MOST_LATE],
                has_more_late=len(late.get(row.id, ())) > MOST_LATE,
                past=past.get(row.id),
                waiver=in_force.lasting(row.rule, row.server_id, row.kind, row.key)
                if row.is_open
                else None,
            )
            for row in found
        ]


def open_counts(
    connection: Connection,
    queries: Mapping[str, str],
    moment: Moment | None,
    tag: WantedTag | None = None,
) -> list[tuple[str, int, int]]:
    """(rule, server, how many violations went on at the moment)."""
    parameters = moment_of_verdicts(moment) | tagged_at(tag, moment)
    return connection.execute(queries["open_violation_counts"], parameters).fetchall()


def _violation(row: Sequence[Any], at: int, known_at: int | None) -> ViolationRow:
    severity, number, digest, rule, version, text_hash, command_lines, *server = row[:10]
    is_cloned, kind = row[10:12]
    key, total, evidence, motive_es, motive_en, relapses, is_late, former, continues = row[12:21]
    case_since_at, grace_until_at, ended_as, ended_known_at, unknown_because = row[21:26]
    missed, after, opened, confirmed, seen, ended, last_event = bounds_of(row[26:], known_at)
    is_open = ended is None or ended.at > at or (known_at is not None and ended_known_at > known_at)
    of_rule = (severity, number, digest.hex(), rule, version, text_hash, bool(command_lines))
    shown = (kind, json.loads(key), total, json.loads(evidence), motive_es, motive_en)
    linked = (former and former.hex(), continues and continues.hex())
    in_grace = (
        is_open and grace_until_at is not None and _moment_of(at, last_event) < grace_until_at
    )
    if is_open and missed is not None:
        seen = missed
    elif is_open and (seen is None or seen.at > at):
        seen = last_event if unknown_because is None else None
    return ViolationRow._make(
        (
            *(*of_rule, *server, bool(is_cloned), *shown),
            *(relapses, bool(is_late), *linked, case_since_at, in_grace),
            *(None if is_open else ended_as, unknown_because, is_open),
            *(after, opened or NOWHERE),
            confirmed if confirmed is not None and confirmed.at <= at else None,
            *(seen, None if is_open else ended, (), False, None, None),
        )
    )


def _moment_of(at: int, last_event: Bound | None) -> int:
    """The moment asked about, but no later than the last event that judged the server."""
    return at if last_event is None else min(at, last_event.at)
