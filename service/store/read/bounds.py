"""Bounds as the queries give them: four columns, each bound a report or an event."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any, NamedTuple


class Bound(NamedTuple):
    """One end of a violation or of a span of verdicts.

    report_id: the record; null for an event. at: the place in time. received_at: when it was known.
    mark: of a record, its `reloj` or null; of an event, its name and its hash.
    """

    report_id: int | None
    at: int
    received_at: int
    mark: str | None


NOWHERE = Bound(None, 0, 0, None)  # where a query promises a bound


def bound_of(columns: Sequence[Any], known_at: int | None = None) -> Bound | None:
    """The bound; null if there is none, or if it was not known at that moment."""
    bound = Bound(*columns)
    if bound.at is None or (known_at is not None and bound.received_at > known_at):
        return None
    return bound


def bounds_of(columns: Sequence[Any], known_at: int | None = None) -> Iterator[Bound | None]:
    """The bounds of a multiple of four columns."""
    for start in range(0, len(columns), len(Bound._fields)):
        yield bound_of(columns[start : start + len(Bound._fields)], known_at)
