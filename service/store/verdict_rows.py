"""The rows of verdicts: how far servers are judged, what is unknown, and violations.

service/policies/machine/ changes them; service/store/write/verdicts.py loads and saves them.
sql/createdb/0007_policies.sql says what each member means.
"""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from typing import NamedTuple, Self

AGGREGATE = ""  # in RuleState.open: the one violation of kind resto or inestable


class Bound(NamedTuple):
    """A report or an event, as the end of a span. Times are microseconds.

    report_id: null for an event. at: its place in time. received_at: when it was known. mark: of a
    report, what its clock is, or null; of an event, its name and its hash.
    """

    report_id: int | None
    at: int
    received_at: int
    mark: str | None


def flat(bound: Bound | None) -> tuple[object, ...]:
    """The four columns of a bound."""
    return (None, None, None, None) if bound is None else tuple(bound)


def event_bound(name: str, at: int, received_at: int, *what: object) -> Bound:
    """The bound of an event that is no report. what: all that tells it from others, as JSON."""
    text = json.dumps([name, at, *what], ensure_ascii=False, separators=(",", ":"))
    return Bound(None, at, received_at, f"{name} {hashlib.sha256(text.encode()).hexdigest()}")


def tick_bound(at: int) -> Bound:
    """The tick at which the rules of the fleet were judged."""
    return event_bound("tick", at, at)


def hour_bound(at: int) -> Bound:
    """A whole hour at which rules with `reloj = "hora"` were judged."""
    return event_bound("hora", at, at)


def day_bound(at: int) -> Bound:
    """A whole day at which rules with `reloj = "dia"` were judged."""
    return event_bound("dia", at, at)


def event_digest(bound: Bound) -> str:
    """The hash of an event, in hex."""
    return (bound.mark or "").rpartition(" ")[2]


class Columns:
    """The columns of a row, taken from the left."""

    def __init__(self, row: tuple[object, ...]) -> None:
        self._row = row
        self._at = 0

    def some(self, count: int) -> tuple[object, ...]:
        self._at += count
        return self._row[self._at - count : self._at]

    def bound(self) -> Bound | None:
        values = self.some(4)
        return None if values[1] is None else Bound(*values)  # type: ignore[arg-type]

    def first(self) -> Bound:
        """A bound that is never null."""
        return Bound(*self.some(4))  # type: ignore[arg-type]


@dataclass(slots=True)
class Cursor:
    """How far a server is judged."""

    server_id: int
    seq: int = 0
    late_seq: int = 0
    epoch: int = 0
    event: Bound | None = None  # the last that judged all rules that read one server
    hour_at: int | None = None
    day_at: int | None = None
    tag_id: int = 0  # the last change of its tags that was judged
    tag: Bound | None = None  # its event, if no other one that judged all rules came after it

    @classmethod
    def of_row(cls, row: tuple[object, ...]) -> Self:
        columns = Columns(row)
        numbers = columns.some(4)
        found = cls(*numbers, columns.bound(), *columns.some(3))  # type: ignore[arg-type,call-arg]
        found.tag = columns.bound()
        return found

    def values(self) -> tuple[object, ...]:
        return (
            self.server_id,
            self.seq,
            self.late_seq,
            self.epoch,
            *flat(self.event),
            self.hour_at,
            self.day_at,
            self.tag_id,
            *flat(self.tag)[1:],
        )


@dataclass(slots=True)
class Judgement:
    """From when to when a text judged a server.

    known: the last verdict that told of every key, where the last one did not.
    """

    server_id: int
    text_id: int
    since: Bound
    until: Bound | None = None
    known: Bound | None = None
    is_known: bool = False
    number: int | None = None  # of its row; null until it is stored

    @classmethod
    def of_row(cls, row: tuple[object, ...]) -> Self:
        columns = Columns(row)
        number, server_id, text_id = columns.some(3)
        since, until, known = columns.first(), columns.bound(), columns.bound()
        (is_known,) = columns.some(1)
        return cls(server_id, text_id, since, until, known, bool(is_known), number)  # type: ignore[arg-type]

    def values(self) -> tuple[object, ...]:
        own = (self.server_id, self.text_id)
        return (*own, *flat(self.since), *flat(self.until), *flat(self.known), int(self.is_known))


@dataclass(slots=True)
class Span:
    """A time in which a verdict was unknown, or the rule did not apply."""

    server_id: int
    text_id: int
    state: str
    reason: str
    detail: str | None
    after: Bound | None
    first: Bound
    last: Bound | None = None
    until: Bound | None = None
    number: int | None = None

    @classmethod
    def of_row(cls, row: tuple[object, ...]) -> Self:
        columns = Columns(row)
        (number,) = columns.some(1)
        own = columns.some(5)
        after, first = columns.bound(), columns.first()
        return cls(*own, after, first, columns.bound(), columns.bound(), number)  # type: ignore[arg-type,call-arg]

    def values(self) -> tuple[object, ...]:
        own = (self.server_id, self.text_id, self.state, self.reason, self.detail)
        bounds = (self.after, self.first, self.last, self.until)
        return (*own, *(column for bound in bounds for column in flat(bound)))


@dataclass(slots=True)
class Violation:
    """What fails on a server, between two reports."""

    digest: bytes
    server_id: int
    text_id: int
    kind: str
    key: str
    opened_after: Bound | None
    opened_in: Bound
    confirmed: Bound | None = None
    seen: Bound | None = None
    cleared: Bound | None = None
    ended: Bound | None = None
    ended_as: str | None = None
    ended_known_at: int | None = None
    relapses: int = 0
    is_late: bool = False
    continues: bytes | None = None
    case: bytes = b""
    case_since_at: int = 0
    grace_until_at: int | None = None
    yes_count: int = 0
    yes_time: int = 0
    yes_report_at: int | None = None
    no_count: int = 0
    no_time: int = 0
    no_report_at: int | None = None
    is_pending: bool = False
    total: int = 0
    evidence: str = "[]"
    motive_es: str | None = None
    motive_en: str | None = None
    number: int | None = None

    @property
    def slot(self) -> str:
        """Where it stands among the open ones of its rule."""
        return self.key if self.kind == "clave" else AGGREGATE

    @classmethod
    def of_row(cls, row: tuple[object, ...]) -> Self:
        columns = Columns(row)
        (number,) = columns.some(1)
        own = columns.some(5)
        after, first = columns.bound(), columns.first()
        bounds = [columns.bound() for _ in range(4)]
        found = cls(*own, after, first, *bounds, *columns.some(19), number)  # type: ignore[arg-type,call-arg]
        found.is_late, found.is_pending = bool(found.is_late), bool(found.is_pending)
        return found

    def values(self) -> tuple[object, ...]:
        """All columns but the number and the former one."""
        opening = (self.opened_after, self.opened_in)
        return (
            self.digest,
            self.server_id,
            self.text_id,
            self.kind,
            self.key,
            *(column for bound in opening for column in flat(bound)),
            *self.changing(),
            int(self.is_late),
            self.continues,
            self.case,
            self.case_since_at,
            self.grace_until_at,
            self.evidence,
            self.motive_es,
            self.motive_en,
        )

    def changing(self) -> tuple[object, ...]:
        """The columns that an update writes."""
        bounds = (self.confirmed, self.seen, self.cleared, self.ended)
        return (
            *(column for bound in bounds for column in flat(bound)),
            self.ended_as,
            self.ended_known_at,
            self.relapses,
            self.yes_count,
            self.yes_time,
            self.yes_report_at,
            self.no_count,
            self.no_time,
            self.no_report_at,
            int(self.is_pending),
            self.total,
        )
