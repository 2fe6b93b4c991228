"""Members that answers about rules share: bounds, how far servers are judged, who sees what."""

from __future__ import annotations

from service import times
from service.http.filters import KNOWN_AT, MOMENT
from service.store.read.moments import Moment
from service.store.read.progress import Progress
from service.store.verdict_rows import Bound

BOUND = ("", "_id_serv", "_recibido", "_marca")  # of the column's name


def bound_columns(*names: str) -> tuple[str, ...]:
    """The four columns of each bound: its place, its record, when it was known, and its mark."""
    return tuple(f"{name}{part}" for name in names for part in BOUND)


def bound_times(*names: str) -> frozenset[str]:
    return frozenset(f"{name}{part}" for name in names for part in ("", "_recibido"))


def bound_cells(bound: Bound | None) -> tuple[object, ...]:
    """The values of bound_columns(). The hash of an event is not shown, only its name."""
    if bound is None:
        return (None,) * len(BOUND)
    mark = bound.mark if bound.mark is None else bound.mark.partition(" ")[0]
    return bound.at, bound.report_id, bound.received_at, mark


def asked_moment(moment: Moment | None) -> dict[str, object]:
    """The moment that an answer is about, null for now."""
    at, known_at = moment or (None, None)
    return {
        MOMENT.name: None if at is None else times.to_text(at),
        KNOWN_AT.name: None if known_at is None else times.to_text(known_at),
    }


def how_far(progress: Progress) -> dict[str, object]:
    """How far servers are judged. Never, or not up to the newest reports, is said."""
    state = "atrasado" if progress.behind_since is not None else "al_dia"
    return {
        "evaluado_hasta": None if progress.until is None else times.to_text(progress.until),
        "evaluador": state if progress.has_begun else "sin_evaluar",
    }
