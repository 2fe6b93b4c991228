"""The changes of one server from each report to the next.

Late reports change nothing: they lie between other reports, and neither end nor start a span.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from heapq import nlargest, nsmallest
from typing import Any, NamedTuple

from service.store.engines import MAX_INTEGER, Connection
from service.store.read.moments import Moment
from service.store.read.profiles import ProfileReader
from service.times import LAST

# Reports whose changes are read at a time. It doubles, because a server may be quiet for years.
_FIRST_WINDOW = 8
_MAX_WINDOW = 16_384

_KINDS = (
    "primer_informe",
    "servidor_cambia",
    "proceso_desaparece",
    "proceso_aparece",
    "usuario_desaparece",
    "usuario_aparece",
)


class RecordRef(NamedTuple):
    """A record in order: when it was taken by its own clock, and its place in time."""

    id_serv: int
    taken_at: int
    placed_at: int


@dataclass(frozen=True, slots=True)
class Change:
    """A difference between a report and the one before it."""

    kind: str  # one of _KINDS
    before: RecordRef | None  # null for primer_informe only
    after: RecordRef
    pid: int | None = None
    name: str | None = None
    username: str | None = None
    attribute: str | None = None  # of the server, for servidor_cambia
    value_before: str | None = None
    value_after: str | None = None


@dataclass(frozen=True, slots=True)
class ChangePage:
    """Changes in the order of their reports or in reverse; `after` is null on the last page."""

    changes: list[Change]
    after: int | None


class Lifetime(NamedTuple):
    """A process that some reports of a period show, from first to last, and others do not.

    All times are places of reports. before is the last one without the process, null if the first
    report of the period shows it; after is the next one without it, null if the last one shows it.
    """

    pid: int
    name: str | None
    username: str | None
    before: int | None
    first: int
    last: int
    after: int | None


@dataclass(frozen=True, slots=True)
class Lifetimes:
    spans: list[Lifetime]  # by name and user, then by time
    changed: int  # how many there are in all
    steady: int  # how many processes every report of the period shows


class _Event(NamedTuple):
    """A change by its position: report, then kind, then slot. The position is the page key."""

    seq: int
    kind: int  # an index of _KINDS
    slot: int
    values: tuple[Any, ...]  # pid, name, username; for a server then attribute, before, after

    @property
    def key(self) -> int:
        return self.seq << 24 | self.kind << 20 | self.slot


class Period(NamedTuple):
    """From a place in time to another, of the reports that were known at a moment."""

    since: int | None = None
    until: int | None = None
    known_at: int | None = None


class ChangeReader:
    def __init__(self, queries: Mapping[str, str]) -> None:
        self._queries = queries
        self._profiles = ProfileReader(queries)

    def page(  # noqa: PLR0913 — a server, a period and a page
        self,
        connection: Connection,
        server_id: int,
        period: Period,
        after: int,
        limit: int,
        *,
        newest_first: bool,
    ) -> ChangePage:
        """The changes that the reports of a period show, after the key `after`."""
        low, high = self._sequence_range(connection, server_id, period)
        if after and newest_first:
            high = min(high, after >> 24)
        elif after:
            low = max(low, after >> 24)
        events: list[_Event] = []
        least, most = (0, after or MAX_INTEGER) if newest_first else (after, MAX_INTEGER)
        first_of = nlargest if newest_first else nsmallest
        for first, last in _windows(low, high, newest_first=newest_first):
            # One report may change a hundred thousand rows: those of the page are told first.
            found = (
                event
                for event in self._events(connection, server_id, first, last)
                if least < event[0] << 24 | event[1] << 20 | event[2] < most
            )
            events += map(_Event._make, first_of(limit + 1 - len(events), found))
            if len(events) > limit:
                break
        shown = events[:limit]
        changes = [self._change(connection, server_id, event) for event in shown]
        return ChangePage(changes, shown[-1].key if len(events) > limit else None)

    def lifetimes(
        self,
        connection: Connection,
        server_id: int,
        period: Period,
        limit: int,
        q: str | None,
    ) -> Lifetimes:
        """The processes that appear or disappear in a period; q: any part of their names."""
        low, high = self._sequence_range(connection, server_id, period)
        if low > high:
            return Lifetimes([], 0, 0)
        place = {"server_id": server_id, "low": low, "high": high}
        at = {
            seq: placed_at
            for seq, _, _, placed_at in connection.execute(self._queries["reports_by_seq"], place)
        }
        rows = connection.execute(self._queries["process_changes"], place).fetchall()
        if q is not None:
            text = q.casefold()
            rows = [row for row in rows if row[4] is not None and text in row[4].casefold()]
        shown = nsmallest(limit, rows, key=lambda row: (row[4] or "", row[5] or "", row[1], row[3]))
        spans = [
            Lifetime(
                pid,
                name,
                username,
                at[first - 1] if first > low else None,
                at[max(first, low)],
                at[min(high, high if gone is None else gone - 1)],
                at[gone] if gone is not None and gone <= high else None,
            )
            for _, first, gone, pid, name, username in shown
        ]
        (steady,) = connection.execute(self._queries["steady_processes"], place).fetchone()
        return Lifetimes(spans, len(rows), steady)

    def _sequence_range(
        self, connection: Connection, server_id: int, period: Period
    ) -> tuple[int, int]:
        """The numbers of the first and last report of a period; first > last if there is none."""
        moment = Moment(LAST if period.until is None else period.until, period.known_at)
        place = moment.parameters() | {"server_id": server_id, "since": period.since or 0}
        first = connection.execute(self._queries["first_seq_since"], place).fetchone()
        last = connection.execute(self._queries["last_seq_until"], place).fetchone()
        return (1, 0) if first is None or last is None else (first[0], last[0])

    def _events(
        self, connection: Connection, server_id: int, first: int, last: int
    ) -> Iterator[tuple[int, int, int, tuple[Any, ...]]]:
        """The changes that the reports with these numbers show, with the columns of an _Event."""
        place = {"server_id": server_id, "low": first, "high": last}
        for seq, profile_id, former_id in connection.execute(
            self._queries["profile_changes"], place
        ):
            if former_id is None:
                yield seq, _KINDS.index("primer_informe"), 0, (None, None, None)
            for number, difference in enumerate(
                self._profiles.differences(connection, former_id, profile_id)
            ):
                values = (None, None, None, *difference)
                yield seq, _KINDS.index("servidor_cambia"), number, values
        # The rows of the first report have no known beginning, so they are no changes.
        place["low"] = max(1, first - 1)
        for query, *kinds in (
            (self._queries["process_changes"], "proceso_aparece", "proceso_desaparece"),
            (self._queries["login_changes"], "usuario_aparece", "usuario_desaparece"),
        ):
            appeared, gone = (_KINDS.index(kind) for kind in kinds)
            for slot, first_seq, gone_seq, *values in connection.execute(query, place):
                if first_seq > place["low"]:
                    yield first_seq, appeared, slot, tuple(values)
                if gone_seq is not None and gone_seq <= last:
                    yield gone_seq, gone, slot, tuple(values)

    def _change(self, connection: Connection, server_id: int, event: _Event) -> Change:
        rows = connection.execute(
            self._queries["reports_by_seq"],
            {"server_id": server_id, "low": max(1, event.seq - 1), "high": event.seq},
        ).fetchall()
        records = [RecordRef(*row[1:]) for row in rows]
        before = records[0] if len(records) > 1 else None
        return Change(_KINDS[event.kind], before, records[-1], *event.values)


def _windows(low: int, high: int, *, newest_first: bool) -> Iterator[tuple[int, int]]:
    """Splits low to high into pieces, each longer than the one before."""
    length = _FIRST_WINDOW
    while low <= high:
        if newest_first:
            yield max(low, high - length + 1), high
            high -= length
        else:
            yield low, min(high, low + length - 1)
            low += length
        length = min(2 * length, _MAX_WINDOW)
