"""Entries of the audit log about tags of servers, from which a database that lost them is restored.

A server is named by its identity, since its number may be another one in a new database.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from service import times
from service.auth.overlay_entries import Entry, filled, integer, read_entries

SET, REMOVED, WITHDRAWN = "tag set", "tag removed", "tag withdrawn"


@dataclass(frozen=True, slots=True)
class TagTold:
    """A change of a tag. value: null if it was removed. Times in microseconds."""

    identity: str
    sibling: int
    key: str
    value: str | None
    since_at: int
    told_at: int
    is_withdrawn: bool = False  # it was not stored

    def facts(self) -> dict[str, str | int | None]:
        event = SET if self.value is not None else REMOVED
        return {
            "hecho": WITHDRAWN if self.is_withdrawn else event,
            "servidor": self.identity,
            "hermano": self.sibling,
            "clave": self.key,
            "valor": self.value,
            "desde": times.to_text(self.since_at),
            "dicha": times.to_text(self.told_at),
        }


def read_tag_entries(path: Path) -> list[Entry[TagTold]]:
    """Reads the entries about tags in order, but withdrawn ones, as read_entries()."""
    return read_entries(path, b'"tag ', _parse)


def _parse(found: Any) -> TagTold:  # noqa: ANN401 — what JSON holds
    """Raises ValueError, KeyError or TypeError if the line is no entry about a tag."""
    event, value = found["hecho"], found["valor"]
    if event not in {WITHDRAWN, REMOVED if value is None else SET}:
        raise ValueError(event)
    return TagTold(
        filled(found["servidor"]),
        integer(found["hermano"]),
        filled(found["clave"]),
        None if value is None else filled(value),
        times.parse(found["desde"]),
        times.parse(found["dicha"]),
        is_withdrawn=event == WITHDRAWN,
    )
