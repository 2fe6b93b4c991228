"""Entries of the audit log about tags of servers, from which a database that lost them is restored.

A server is named by its identity, since its number may be another one in a new database.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from service import times

SET, REMOVED, WITHDRAWN = "tag set", "tag removed", "tag withdrawn"

_MAX_LINE = 65_536  # bytes; no entry about a tag is longer


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


@dataclass(frozen=True, slots=True)
class TagEntry:
    """told: without its mark of withdrawal. by: who made the entry."""

    told: TagTold
    by: str | None


def read_tag_entries(path: Path) -> list[TagEntry]:
    """Reads the entries about tags in order, but withdrawn ones. Raises OSError.

    Nothing is raised for a file that does not exist, nor for torn and foreign lines.
    """
    found: dict[TagTold, TagEntry] = {}
    for entry in _entries(path):
        told = replace(entry.told, is_withdrawn=False)
        if entry.told.is_withdrawn:
            found.pop(told, None)
        else:
            found[told] = entry
    return list(found.values())


def _entries(path: Path) -> Iterator[TagEntry]:
    try:
        file = path.open("rb")
    except FileNotFoundError:
        return
    with file:
        whole = True
        while line := file.readline(_MAX_LINE):
            starts, whole = whole, line.endswith(b"\n")
            if starts and whole and b'"tag ' in line:
                try:
                    yield _parse(json.loads(line))
                except (ValueError, KeyError, TypeError, RecursionError, OverflowError):
                    continue


def _parse(found: Any) -> TagEntry:  # noqa: ANN401 — what JSON holds
    """Raises ValueError, KeyError or TypeError if the line is no entry about a tag."""
    event, value, by = found["hecho"], found["valor"], found["by"]
    if event not in {WITHDRAWN, REMOVED if value is None else SET}:
        raise ValueError(event)
    texts = [found["servidor"], found["clave"], *([] if value is None else [value])]
    if not all(isinstance(text, str) and text.encode() for text in texts):
        raise TypeError
    sibling = found["hermano"]
    if not isinstance(sibling, int) or isinstance(sibling, bool):
        raise TypeError
    since, told = times.parse(found["desde"]), times.parse(found["dicha"])
    entry = TagTold(
        found["servidor"], sibling, found["clave"], value, since, told, event == WITHDRAWN
    )
    return TagEntry(entry, None if by is None else str(by))
