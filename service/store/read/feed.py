"""What a feed reader is shown: the latest that happened to violations and to servers."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import NamedTuple

from service import times
from service.store.engines import Connection, Database
from service.store.read.fleet import FleetStore, News
from service.store.read.waivers import Waiver, WaiverReader
from service.store.server_event import ServerEvent
from service.store.verdict_rows import Violation
from service.store.write.multi_row import select_rows
from service.store.write.notices import NamedServer

MOST = 100  # entries of a feed
MOST_OF_SERVER = 10  # so that one server cannot hide the others

_LOOKED_AT = 2000  # violations


class FeedViolation(NamedTuple):
    """A violation, with its rule. source: the file of the rule.

    waiver: that which covers it now for the longest time, if it goes on and one does.
    """

    rule: str
    command_lines: bool
    source: str
    severity: str
    server: NamedServer
    violation: Violation
    waiver: Waiver | None


class FeedItem(NamedTuple):
    """Something that was told. at: when; is_end: whether it is over with it."""

    at: int
    is_end: bool
    what: FeedViolation | tuple[ServerEvent, NamedServer] | News


@dataclass(frozen=True, slots=True)
class _Candidate:
    """what: of a violation, its number."""

    at: int
    server_id: int | None
    is_end: bool
    what: int | tuple[ServerEvent, NamedServer] | News


@dataclass(frozen=True, slots=True)
class Feed:
    """items: the newest first. fleet: what tells this fleet from others; null before a server."""

    items: list[FeedItem]
    fleet: str | None


class FeedStore:
    """Its methods raise StorageUnavailableError."""

    def __init__(
        self,
        database: Database,
        queries: Mapping[str, str],
        fleet: FleetStore,
        clock: Callable[[], int] = times.now,
    ) -> None:
        self._database, self._queries = database, queries
        self._fleet, self._clock = fleet, clock
        self._waivers = WaiverReader(queries)

    def read(self) -> Feed:
        with self._database.snapshot() as connection:
            candidates = [
                *self._of_violations(connection),
                *self._of_events(connection),
                *self._of_news(connection),
            ]
            chosen = list(_chosen(candidates))
            numbers = {each.what for each in chosen if isinstance(each.what, int)}
            violations = self._violations(connection, numbers)
            row = connection.execute(self._queries["first_identity"]).fetchone()
        items = [
            FeedItem(
                each.at,
                each.is_end,
                violations[each.what] if isinstance(each.what, int) else each.what,
            )
            for each in chosen
        ]
        return Feed(items, None if row is None else str(row[0]))

    def _of_violations(self, connection: Connection) -> Iterator[_Candidate]:
        limit = {"limit": _LOOKED_AT}
        openings = connection.execute(
            self._queries["feed_openings"], limit | {"now": self._clock()}
        )
        for number, server_id, at in openings:
            yield _Candidate(at, server_id, is_end=False, what=number)
        for number, server_id, at in connection.execute(self._queries["feed_ends"], limit):
            yield _Candidate(at, server_id, is_end=True, what=number)

    def _of_events(self, connection: Connection) -> Iterator[_Candidate]:
        named = len(NamedServer._fields)
        for row in connection.execute(self._queries["feed_events"], {"limit": _LOOKED_AT}):
            event = ServerEvent.of_row(tuple(row[:-named]))
            what = event, NamedServer(*row[-named:])
            began_at = event.since.received_at
            yield _Candidate(began_at, event.server_id, is_end=False, what=what)
            if event.ended is not None:
                yield _Candidate(event.ended.received_at, event.server_id, is_end=True, what=what)

    def _of_news(self, connection: Connection) -> Iterator[_Candidate]:
        for item in self._fleet.news(connection):
            if item.kind != "servidor_vuelve":  # which is an event
                yield _Candidate(item.at, item.server_id, is_end=False, what=item)

    def _violations(
        self, connection: Connection, numbers: Iterable[int]
    ) -> dict[int, FeedViolation]:
        keys = [(number,) for number in sorted(numbers)]
        in_force = self._waivers.in_force(connection, None, self._clock())
        found = {}
        for row in select_rows(connection, self._queries["feed_violations"], keys):
            rule, command_lines, source, severity, *rest = row
            server, violation = NamedServer(*rest[:4]), Violation.of_row(tuple(rest[4:]))
            waiver = None
            if violation.ended is None:
                what = violation.server_id, violation.kind, violation.key
                waiver = in_force.lasting(rule, *what)
            found[rest[4]] = FeedViolation(
                rule, bool(command_lines), source, severity, server, violation, waiver
            )
        return found


def _chosen(candidates: Iterable[_Candidate]) -> Iterator[_Candidate]:
    """The newest, some of each server."""
    counts: Counter[int | None] = Counter()
    total = 0
    for each in sorted(candidates, key=lambda each: (-each.at, each.is_end)):
        counts[each.server_id] += 1
        if counts[each.server_id] <= MOST_OF_SERVER:
            yield each
            total += 1
            if total == MOST:
                return
