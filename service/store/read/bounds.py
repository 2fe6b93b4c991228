"""Bounds as the queries give them: four columns, each bound a report or an event."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from service.store.verdict_rows import Bound

NOWHERE = Bound(None, 0, 0, None)  # where a query promises a bound


def bounds_of(columns: Sequence[Any], known_at: int | None = None) -> Iterator[Bound | None]:
    """The bounds of a multiple of four columns.

    Null for one that does not exist, or was not known at that moment.
    """
    length = len(Bound._fields)
    for start in range(0, len(columns), length):
        bound = Bound(*columns[start : start + length])
        is_known = bound.at is not None and (known_at is None or bound.received_at <= known_at)
        yield bound if is_known else None
