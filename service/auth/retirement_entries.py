"""Entries of the audit log about retired servers, from which a database that lost them is restored.

A server is named by its identity, since its number may be another one in a new database.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, NamedTuple

from service import times

RETIRED, WITHDRAWN = "server retired", "server retirement withdrawn"

_MAX_LINE = 65_536  # bytes; no entry about a server is longer


class Named(NamedTuple):
    """A server, as the audit log names it."""

    identity: str
    sibling: int


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


@dataclass(frozen=True, slots=True)
class RetirementEntry:
    """told: without its mark of withdrawal. by: who made the entry."""

    told: RetirementTold
    by: str | None


def read_retirement_entries(path: Path) -> list[RetirementEntry]:
    """The entries about retirements in their order, without those withdrawn. Raises OSError.

    Nothing is raised for a file that does not exist, nor for torn and foreign lines.
    """
    found: dict[RetirementTold, RetirementEntry] = {}
    for entry in _entries(path):
        told = replace(entry.told, is_withdrawn=False)
        if entry.told.is_withdrawn:
            found.pop(told, None)
        else:
            found[told] = entry
    return list(found.values())


def _entries(path: Path) -> Iterator[RetirementEntry]:
    try:
        file = path.open("rb")
    except FileNotFoundError:
        return
    with file:
        whole = True
        while line := file.readline(_MAX_LINE):
            starts, whole = whole, line.endswith(b"\n")
            if starts and whole and b'"server retire' in line:
                try:
                    yield _parse(json.loads(line))
                except (ValueError, KeyError, TypeError, RecursionError, OverflowError):
                    continue


def _parse(found: Any) -> RetirementEntry:  # noqa: ANN401 — what JSON holds
    """Raises ValueError, KeyError, TypeError for what is no entry about a retirement."""
    event, by = found["hecho"], found["by"]
    if event not in {RETIRED, WITHDRAWN}:
        raise ValueError(event)
    successor = found["sucesor"]
    told = RetirementTold(
        _named(found["servidor"], found["hermano"]),
        times.parse(found["dicha"]),
        _text(found["motivo"]),
        None if successor is None else _named(successor, found["sucesor_hermano"]),
        is_withdrawn=event == WITHDRAWN,
    )
    return RetirementEntry(told, None if by is None else str(by))


def _named(identity: object, sibling: object) -> Named:
    """Raises TypeError."""
    if not isinstance(sibling, int) or isinstance(sibling, bool):
        raise TypeError
    return Named(_text(identity), sibling)


def _text(value: object) -> str:
    """Raises TypeError, and UnicodeEncodeError (a ValueError) for half of a surrogate pair."""
    if not isinstance(value, str):
        raise TypeError
    value.encode()
    return value
