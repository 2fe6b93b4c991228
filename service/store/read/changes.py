"""What changed on one server from each report to the next.

Late reports are no part of it: they stand between others, and end or start nothing.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from heapq import nsmallest
from typing import Any, NamedTuple

from service.store.engines import Connection
from service.store.read.profiles import ProfileReader

# Reports whose changes are looked up at a time: more and more, for a server may be quiet for years.
_FIRST_WINDOW = 8
_LARGEST_WINDOW = 16_384

_KINDS = (
    "primer_informe",
    "servidor_cambia",
    "proceso_desaparece",
    "proceso_aparece",
    "usuario_desaparece",
    "usuario_aparece",
)


class Seen(NamedTuple):
    """A record, as one end of what was observed."""

    id_serv: int
    taken_at: int


@dataclass(frozen=True, slots=True)
class Change:
    """What one report shows and the one before did not, or the other way round."""

    kind: str  # one of _KINDS
    before: Seen | None  # null for primer_informe only
    after: Seen
    pid: int | None = None
    name: str | None = None
    username: str | None = None
    attribute: str | None = None  # what of the server changed
    value_before: str | None = None
    value_after: str | None = None


@dataclass(frozen=True, slots=True)
class ChangePage:
    """Changes in the order of their reports, or against it; `after` is null on the last page."""

    changes: list[Change]
    after: int | None


class Lifetime(NamedTuple):
    """A process that not every report of a span of time showed: from first to last it was shown.

    Times are those of reports. before: the last one without it; null, where the first report of the
    span shows it. after: the first one without it; null, where the last one shows it.
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
    changed: int  # how many there are, were more asked for
    steady: int  # so many processes are in every report of the span


class _Event(NamedTuple):
    """A change by its place, which is the key of pages: of reports, then kinds, then slots."""

    seq: int
    kind: int  # an index of _KINDS
    slot: int
    what: tuple[Any, ...]  # pid, name, username; then of a server: attribute, before, after

    @property
    def key(self) -> int:
        return self.seq << 24 | self.kind << 20 | self.slot


class ChangeReader:
    def __init__(self, queries: Mapping[str, str]) -> None:
        self._queries = queries
        self._profiles = ProfileReader(queries)

    def page(  # noqa: PLR0913 — whose, of when, and which page
        self,
        connection: Connection,
        server_id: int,
        period: tuple[int, int],
        after: int,
        limit: int,
        *,
        newest_first: bool,
    ) -> ChangePage:
        """The changes that reports taken in that period show, from the key `after` on."""
        low, high = self._numbers(connection, server_id, period)
        if after and newest_first:
            high = min(high, after >> 24)
        elif after:
            low = max(low, after >> 24)
        events: list[_Event] = []
        for first, last in _windows(low, high, newest_first=newest_first):
            found = sorted(self._events(connection, server_id, first, last), reverse=newest_first)
            events += [
                event
                for event in found
                if not after or (event.key < after if newest_first else event.key > after)
            ]
            if len(events) > limit:
                break
        shown = events[:limit]
        changes = [self._change(connection, server_id, event) for event in shown]
        return ChangePage(changes, shown[-1].key if len(events) > limit else None)

    def lifetimes(
        self,
        connection: Connection,
        server_id: int,
        period: tuple[int, int],
        limit: int,
        q: str | None,
    ) -> Lifetimes:
        """The processes that came or went in that period; q: any part of their names."""
        low, high = self._numbers(connection, server_id, period)
        if low > high:
            return Lifetimes([], 0, 0)
        place = {"server_id": server_id, "low": low, "high": high}
        at = {
            seq: taken_at
            for seq, _, taken_at in connection.execute(self._queries["numbered_reports"], place)
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

    def _numbers(
        self, connection: Connection, server_id: int, period: tuple[int, int]
    ) -> tuple[int, int]:
        """Those of the first and the last report of a period; where it has none, first > last."""
        place = {"server_id": server_id, "since": period[0], "until": period[1]}
        first = connection.execute(self._queries["first_seq_since"], place).fetchone()
        last = connection.execute(self._queries["last_seq_until"], place).fetchone()
        return (1, 0) if first is None or last is None else (first[0], last[0])

    def _events(
        self, connection: Connection, server_id: int, first: int, last: int
    ) -> Iterator[_Event]:
        """What the reports with these numbers changed."""
        place = {"server_id": server_id, "low": first, "high": last}
        for seq, profile_id, former_id in connection.execute(
            self._queries["profile_changes"], place
        ):
            if former_id is None:
                yield _Event(seq, _KINDS.index("primer_informe"), 0, (None, None, None))
            for number, difference in enumerate(
                self._profiles.differences(connection, former_id, profile_id)
            ):
                what = (None, None, None, *difference)
                yield _Event(seq, _KINDS.index("servidor_cambia"), number, what)
        # Nobody has seen what the first report shows begin, so it changes nothing.
        place["low"] = max(1, first - 1)
        for query, noun in (("process_changes", "proceso"), ("login_changes", "usuario")):
            gone, appeared = _KINDS.index(f"{noun}_desaparece"), _KINDS.index(f"{noun}_aparece")
            for slot, first_seq, gone_seq, *what in connection.execute(self._queries[query], place):
                if first_seq > place["low"]:
                    yield _Event(first_seq, appeared, slot, tuple(what))
                if gone_seq is not None and gone_seq <= last:
                    yield _Event(gone_seq, gone, slot, tuple(what))

    def _change(self, connection: Connection, server_id: int, event: _Event) -> Change:
        rows = connection.execute(
            self._queries["numbered_reports"],
            {"server_id": server_id, "low": max(1, event.seq - 1), "high": event.seq},
        ).fetchall()
        seen = [Seen(id_serv, taken_at) for _, id_serv, taken_at in rows]
        before = seen[0] if len(seen) > 1 else None
        return Change(_KINDS[event.kind], before, seen[-1], *event.what)


def _windows(low: int, high: int, *, newest_first: bool) -> Iterator[tuple[int, int]]:
    """low to high in pieces, of which each is longer than the one before."""
    length = _FIRST_WINDOW
    while low <= high:
        if newest_first:
            yield max(low, high - length + 1), high
            high -= length
        else:
            yield low, min(high, low + length - 1)
            low += length
        length = min(2 * length, _LARGEST_WINDOW)
