"""Entries of the audit log about what no report tells: tags, retired servers and waivers.

The entry of a change comes before the change is stored. If that fails, a second entry, with another
event, withdraws the first. A database that lost the changes is restored from what stands.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, ClassVar, Generic, NamedTuple, Protocol, TypeVar

_MAX_LINE = 65_536  # bytes; no such entry is longer


class Named(NamedTuple):
    """A server, as the audit log names it: its number may be another one in a new database."""

    identity: str
    sibling: int


class _Withdrawable(Protocol):
    """A frozen dataclass with a mark of withdrawal."""

    __dataclass_fields__: ClassVar[dict[str, Any]]

    @property
    def is_withdrawn(self) -> bool: ...


Told = TypeVar("Told", bound=_Withdrawable)


@dataclass(frozen=True, slots=True)
class Entry(Generic[Told]):
    """told: the change, without its mark of withdrawal. by: who made the entry."""

    told: Told
    by: str | None


def read_entries(path: Path, marked: bytes, parse: Callable[[Any], Told]) -> list[Entry[Told]]:
    """Reads the entries that stand, in their order. Raises OSError.

    marked: bytes of each line that is one. parse: raises ValueError, KeyError or TypeError for what
    is none. Nothing is raised for a file that does not exist, nor for torn and foreign lines.
    """
    standing: dict[Told, Entry[Told]] = {}
    for entry in _entries(path, marked, parse):
        told = replace(entry.told, is_withdrawn=False)
        if entry.told.is_withdrawn:
            standing.pop(told, None)
        else:
            standing[told] = entry
    return list(standing.values())


def _entries(path: Path, marked: bytes, parse: Callable[[Any], Told]) -> Iterator[Entry[Told]]:
    try:
        file = path.open("rb")
    except FileNotFoundError:
        return
    with file:
        whole = True
        while line := file.readline(_MAX_LINE):
            starts, whole = whole, line.endswith(b"\n")
            if starts and whole and marked in line:
                try:
                    found: Any = json.loads(line)
                    by = found["by"]
                    yield Entry(parse(found), None if by is None else str(by))
                except (ValueError, KeyError, TypeError, RecursionError, OverflowError):
                    continue


def named(identity: object, sibling: object) -> Named:
    """Raises TypeError, ValueError."""
    return Named(text(identity), integer(sibling))


def integer(value: object) -> int:
    """Raises TypeError."""
    if not isinstance(value, int) or isinstance(value, bool):
        raise TypeError
    return value


def text(value: object) -> str:
    """Raises TypeError, and UnicodeEncodeError (a ValueError) for half of a surrogate pair."""
    if not isinstance(value, str):
        raise TypeError
    value.encode()
    return value


def filled(value: object) -> str:
    """Raises as text(), and ValueError for an empty text."""
    found = text(value)
    if not found:
        raise ValueError
    return found


def text_or_none(value: object) -> str | None:
    """Raises as text()."""
    return None if value is None else text(value)
