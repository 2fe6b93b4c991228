"""Entries of the audit log about retired servers, from which a lost database is restored."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from service import times
from service.auth.overlay_entries import Entry, Named, named, read_entries, text

RETIRED, WITHDRAWN = "server retired", "server retirement withdrawn"


@dataclass(frozen=True, slots=True)
class RetirementTold:
    """A server was retired. at: microseconds. successor: the server that took its place."""

    server: Named
    at: int
    reason: str
    successor: Named | None
    is_withdrawn: bool = False  # it was not stored

    def facts(self) -> dict[str, str | int | None]:
        successor = self.successor
        return {
            "hecho": WITHDRAWN if self.is_withdrawn else RETIRED,
            "servidor": self.server.identity,
            "hermano": self.server.sibling,
            "dicha": times.to_text(self.at),
            "motivo": self.reason,
            "sucesor": None if successor is None else successor.identity,
            "sucesor_hermano": None if successor is None else successor.sibling,
        }


def read_retirement_entries(path: Path) -> list[Entry[RetirementTold]]:
    """The entries about retirements in their order, without those withdrawn, as read_entries()."""
    return read_entries(path, b'"server retire', _parse)


def _parse(found: Any) -> RetirementTold:  # noqa: ANN401 — what JSON holds
    """Raises ValueError, KeyError or TypeError unless the line is an entry about a retirement."""
    event, successor = found["hecho"], found["sucesor"]
    if event not in {RETIRED, WITHDRAWN}:
        raise ValueError(event)
    return RetirementTold(
        named(found["servidor"], found["hermano"]),
        times.parse(found["dicha"]),
        text(found["motivo"]),
        None if successor is None else named(successor, found["sucesor_hermano"]),
        is_withdrawn=event == WITHDRAWN,
    )
