"""The plainest answers to what can be asked: computed from whole reports, one by one.

The stores are held equal to these. Nothing here knows of spans, numbers or slots.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from itertools import pairwise
from typing import Any, NamedTuple

from service import times
from service.report import Profile
from service.store.read.changes import Change, Lifetime, RecordRef
from tests.support.generated import StoredReport

CLOCK_TOLERANCE = 60_000_000  # microseconds by which the start of a machine may seem to move


class Row(NamedTuple):
    """A process or a login of a report: what makes it the same in the next, and the rest of it."""

    key: tuple[Any, ...]  # pid, name, username, started_at; pid, username, terminal, origin, since
    facts: tuple[Any, ...]  # ppid, executable, command_line; of a login nothing


RowsOf = Callable[[StoredReport], list[Row]]


def processes(told: StoredReport) -> list[Row]:
    facts = told.report.process_details or [(None, None, None)] * len(told.report.processes)
    return [Row(*each) for each in zip(told.report.processes, facts, strict=True)]


def logins(told: StoredReport) -> list[Row]:
    return [Row(row, ()) for row in told.report.logins]


def servers(history: Iterable[StoredReport]) -> list[int]:
    return sorted({told.server_id for told in history})


def of_server(history: Iterable[StoredReport], server_id: int) -> list[StoredReport]:
    """All its records in order of time; of those of one time, the one stored first is first."""
    mine = [told for told in history if told.server_id == server_id]
    return sorted(mine, key=lambda told: (told.taken_at, told.id_serv))


def on_time(history: Iterable[StoredReport], server_id: int) -> list[StoredReport]:
    return [told for told in of_server(history, server_id) if not told.late]


def newest(
    history: Iterable[StoredReport], server_id: int, moment: int = times.LAST
) -> StoredReport | None:
    """Its newest record not after the moment, of those of one time the one stored last."""
    known = [told for told in of_server(history, server_id) if told.taken_at <= moment]
    return known[-1] if known else None


def all_newest(history: Sequence[StoredReport], moment: int = times.LAST) -> Iterator[StoredReport]:
    for server_id in servers(history):
        told = newest(history, server_id, moment)
        if told is not None:
            yield told


def matches(pattern: str | None, text: str | None) -> bool:
    """Exactly, where there is no *; else any text in its place, ASCII letters in either case."""
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
    """A row of so many reports in a row; of rows that are alike, the first lives the longest."""

    row: Row
    first: int  # an index of the reports
    last: int


def lives(reports: Sequence[list[Row]]) -> list[Life]:
    """The life of every row that these reports of one server show, one after the other."""
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
    """A row of a record, and from when to when the records before and after it show it, too."""

    told: StoredReport
    row: Row
    seen_from: int
    seen_until: int


def appearances(
    history: Sequence[StoredReport], told: StoredReport, rows_of: RowsOf
) -> list[Appearance]:
    """All rows of a record. One that came late is not joined to what its server said before."""
    if told.late:
        return [Appearance(told, row, told.taken_at, told.taken_at) for row in rows_of(told)]
    reports = on_time(history, told.server_id)
    at = reports.index(told)
    return [
        Appearance(told, life.row, reports[life.first].taken_at, reports[life.last].taken_at)
        for life in lives([rows_of(report) for report in reports])
        if life.first <= at <= life.last
    ]


def differences(
    before: StoredReport, after: StoredReport
) -> list[tuple[str, str | None, str | None]]:
    """What of the server is otherwise: attribute, before, after."""
    found: list[tuple[str, str | None, str | None]] = []
    for attribute in Profile._fields:
        was, now = (getattr(told.report.profile, attribute) for told in (before, after))
        if attribute == "version_esquema":
            was, now = was or 1, now or 1
        if attribute == "booted_at":
            if None not in (was, now) and abs(now - was) > CLOCK_TOLERANCE:
                found.append(("inicio", times.to_text(was), times.to_text(now)))
        elif was != now:
            found.append((attribute, _text(was), _text(now)))
    return found


def _text(value: object) -> str | None:
    return None if value is None else str(value)


def seen(told: StoredReport) -> RecordRef:
    return RecordRef(told.id_serv, told.taken_at)


def within(told: StoredReport, since: int | None, until: int | None) -> bool:
    return (since is None or since <= told.taken_at) and (until is None or told.taken_at <= until)


def changes(
    history: list[StoredReport], server_id: int, since: int | None, until: int | None
) -> Iterator[Change]:
    """In the order of the reports that show them."""
    reports = on_time(history, server_id)
    if within(reports[0], since, until):
        yield Change("primer_informe", None, seen(reports[0]))
    for before, after in pairwise(reports):
        if not within(after, since, until):
            continue
        ends = (seen(before), seen(after))
        for difference in differences(before, after):
            yield Change("servidor_cambia", *ends, None, None, None, *difference)
        for noun, rows_of in (("proceso", processes), ("usuario", logins)):
            was, now = (Counter(row.key for row in rows_of(told)) for told in (before, after))
            for kind, rows in (("desaparece", was - now), ("aparece", now - was)):
                for key in rows.elements():
                    name, username = key[1:3] if noun == "proceso" else (None, key[1])
                    yield Change(f"{noun}_{kind}", *ends, key[0], name, username)


def lifetimes(
    history: list[StoredReport], server_id: int, since: int | None, until: int | None
) -> tuple[list[Lifetime], int]:
    """Those that some reports of that time show and some do not, and how many all of them show."""
    reports = [told for told in on_time(history, server_id) if within(told, since, until)]
    if not reports:
        return [], 0
    at = [told.taken_at for told in reports]
    found, steady = [], 0
    for (key, _), first, last in lives([processes(told) for told in reports]):
        if (first, last) == (0, len(reports) - 1):
            steady += 1
        else:
            before = at[first - 1] if first > 0 else None
            after = at[last + 1] if last < len(reports) - 1 else None
            pid, name, username, _ = key
            found.append(Lifetime(pid, name, username, before, at[first], at[last], after))
    return found, steady
