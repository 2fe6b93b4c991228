"""Bounds of violations and of spans of verdicts: reports, or events where none is the bound."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple


class Bound(NamedTuple):
    """One end of something that happened between two reports.

    at: its place in time. received_at: when it was known. id_serv: the report; null where an event
    is the bound. event: what it was: tick, silence, tag, text, retirement, another server's report.
    """

    at: int
    received_at: int
    id_serv: int | None
    event: str | None

    def was_known_at(self, known_at: int | None) -> bool:
        return known_at is None or self.received_at <= known_at


BOUND_COLUMNS = len(Bound._fields)


def bound_of(columns: Sequence[int | str | None]) -> Bound | None:
    """The bound of four columns in the order of Bound; null where its place is."""
    at, received_at, id_serv, event = columns
    if not isinstance(at, int):
        return None
    return Bound(
        at,
        received_at if isinstance(received_at, int) else at,
        id_serv if isinstance(id_serv, int) else None,
        None if event is None else str(event),
    )


def bound_if_known(columns: Sequence[int | str | None], known_at: int | None) -> Bound | None:
    """The bound, if it was known at that moment."""
    bound = bound_of(columns)
    return bound if bound is not None and bound.was_known_at(known_at) else None
