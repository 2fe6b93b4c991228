"""Plain answers to the questions that the stores answer, computed from complete reports.

Tests compare the stores with them. This module knows no spans, sequence numbers or slots.
"""

from __future__ import annotations

import re
import statistics
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from itertools import pairwise
from typing import Any, NamedTuple

from service import times
from service.report import Profile
from service.store.identity import CLOCK_TOLERANCE
from service.store.read.changes import Change, Lifetime, RecordRef
from service.store.read.silence import Silence
from tests.support.stores import StoredReport


class Row(NamedTuple):
    """A process or a login of a report. Equal keys in consecutive reports mean the same one."""

    key: tuple[Any, ...]  # pid, name, username, started_at; pid, username, terminal, origin, since
    details: tuple[Any, ...]  # ppid, executable, command_line; empty for a login


RowsOf = Callable[[StoredReport], list[Row]]


def processes(record: StoredReport) -> list[Row]:
    details = record.report.process_details or [(None, None, None)] * len(record.report.processes)
    return [Row(*each) for each in zip(record.report.processes, details, strict=True)]


def logins(record: StoredReport) -> list[Row]:
    return [Row(row, ()) for row in record.report.logins]


def servers(history: Iterable[StoredReport]) -> list[int]:
    return sorted({record.server_id for record in history})


def of_server(history: Iterable[StoredReport], server_id: int) -> list[StoredReport]:
    """Its records by their places; of those with one place, the one stored first is first."""
    mine = [record for record in history if record.server_id == server_id]
    return sorted(mine, key=lambda record: (record.placed_at, record.id_serv))


def on_time(history: Iterable[StoredReport], server_id: int) -> list[StoredReport]:
    return [record for record in of_server(history, server_id) if not record.late]


def newest(
    history: Iterable[StoredReport], server_id: int, moment: int = times.LAST
) -> StoredReport | None:
    """Its last record in order up to the moment."""
    until = [record for record in on_time(history, server_id) if record.placed_at <= moment]
    return until[-1] if until else None


def known(history: Sequence[StoredReport], known_at: int | None) -> list[StoredReport]:
    """The records that were known at a moment."""
    return [each for each in history if known_at is None or each.received_at <= known_at]


def all_newest(history: Sequence[StoredReport], moment: int = times.LAST) -> Iterator[StoredReport]:
    for server_id in servers(history):
        record = newest(history, server_id, moment)
        if record is not None:
            yield record


def usual_interval(in_order: Sequence[StoredReport], at: int = times.LAST) -> int:
    """The median of the last five intervals between their places, or how long it is known if less.

    in_order: by their places. At a moment before any of them came, they tell of it all the same.
    """
    places = [record.placed_at for record in in_order][-6:]
    intervals = [later - earlier for earlier, later in pairwise(places)]
    median = statistics.median_high(intervals) if intervals else 0
    if at < in_order[0].received_at:
        return median
    return min(median, max(in_order[-1].received_at - in_order[0].received_at, 0))


def is_silent(
    quiet: int, in_order: Sequence[StoredReport], silence: Silence, at: int = times.LAST
) -> bool:
    return quiet > max(silence.minimum, silence.intervals * usual_interval(in_order, at))


def heard_at(history: Iterable[StoredReport], server_id: int) -> int:
    """When its last report in order arrived."""
    return on_time(history, server_id)[-1].received_at


def is_silent_now(history: Sequence[StoredReport], server_id: int, silence: Silence) -> bool:
    quiet = silence.clock() - heard_at(history, server_id)
    return is_silent(quiet, on_time(history, server_id), silence)


def matches(pattern: str | None, text: str | None) -> bool:
    """Exactly without *; else * is any text, and ASCII letters match in either case."""
    if pattern is None:
        return True
    if text is None:
        return False
    if "*" not in pattern:
        return pattern == text
    expression = ".*".join(re.escape(part) for part in pattern.split("*"))
    flags = re.ASCII | re.IGNORECASE | re.DOTALL
    return re.fullmatch(expression, text, flags) is not None


class Life(NamedTuple):
    """Consecutive reports that show a row; of equal rows, the first lives the longest."""

    row: Row
    first: int  # an index of the reports
    last: int


def lives(reports: Sequence[list[Row]]) -> list[Life]:
    """The lives of all rows of these consecutive reports of one server."""
    counts = [Counter(row.key for row in rows) for rows in reports]
    found = []
    for key in set().union(*counts):
        for copy in range(1, max(count[key] for count in counts) + 1):
            shown = [at for at, count in enumerate(counts) if count[key] >= copy]
            for first in shown:
                if first - 1 in shown:
                    continue
                last = first
                while last + 1 in shown:
                    last += 1
                alike = [row for row in reports[first] if row.key == key]
                found.append(Life(alike[copy - 1], first, last))
    return found


class Appearance(NamedTuple):
    """A row of a record, and the first and last consecutive report that show it."""

    record: StoredReport
    row: Row
    seen_from: int
    seen_until: int


def appearances(
    history: Sequence[StoredReport], record: StoredReport, rows_of: RowsOf
) -> list[Appearance]:
    """All rows of a record in order."""
    reports = on_time(history, record.server_id)
    at = reports.index(record)
    return [
        Appearance(record, life.row, reports[life.first].placed_at, reports[life.last].placed_at)
        for life in lives([rows_of(report) for report in reports])
        if life.first <= at <= life.last
    ]


def differences(
    before: StoredReport, after: StoredReport
) -> list[tuple[str, str | None, str | None]]:
    """The attributes of the server that differ: attribute, before, after."""
    found: list[tuple[str, str | None, str | None]] = []
    for attribute in Profile._fields:
        was, now = (getattr(record.report.profile, attribute) for record in (before, after))
        if attribute == "version_esquema":
            was, now = was or 1, now or 1
        if attribute == "booted_at":
            boots = [record.report.profile.boot_id for record in (before, after)]
            if None not in (was, now) and (
                abs(now - was) > CLOCK_TOLERANCE if None in boots else boots[0] != boots[1]
            ):
                found.append(("inicio", times.to_text(was), times.to_text(now)))
        elif was != now and attribute != "boot_id":
            found.append((attribute, _text(was), _text(now)))
    return found


def _text(value: object) -> str | None:
    return None if value is None else str(value)


def ref(record: StoredReport) -> RecordRef:
    return RecordRef(record.id_serv, record.taken_at, record.placed_at)


def within(record: StoredReport, since: int | None, until: int | None) -> bool:
    return (since is None or since <= record.placed_at) and (
        until is None or record.placed_at <= until
    )


def changes(
    history: list[StoredReport], server_id: int, since: int | None, until: int | None
) -> Iterator[Change]:
    """In the order of the reports that show them."""
    reports = on_time(history, server_id)
    if within(reports[0], since, until):
        yield Change("primer_informe", None, ref(reports[0]))
    for before, after in pairwise(reports):
        if not within(after, since, until):
            continue
        ends = (ref(before), ref(after))
        for difference in differences(before, after):
            yield Change("servidor_cambia", *ends, None, None, None, *difference)
        for noun, rows_of in (("proceso", processes), ("usuario", logins)):
            was, now = (Counter(row.key for row in rows_of(record)) for record in (before, after))
            for kind, rows in (("desaparece", was - now), ("aparece", now - was)):
                for key in rows.elements():
                    name, username = key[1:3] if noun == "proceso" else (None, key[1])
                    yield Change(f"{noun}_{kind}", *ends, key[0], name, username)


def lifetimes(
    history: list[StoredReport], server_id: int, since: int | None, until: int | None
) -> tuple[list[Lifetime], int]:
    """Processes that some reports of a period show and others do not; how many all of them show."""
    reports = [record for record in on_time(history, server_id) if within(record, since, until)]
    if not reports:
        return [], 0
    at = [record.placed_at for record in reports]
    found, steady = [], 0
    for (key, _), first, last in lives([processes(record) for record in reports]):
        if (first, last) == (0, len(reports) - 1):
            steady += 1
        else:
            before = at[first - 1] if first > 0 else None
            after = at[last + 1] if last < len(reports) - 1 else None
            pid, name, username, _ = key
            found.append(Lifetime(pid, name, username, before, at[first], at[last], after))
    return found, steady
