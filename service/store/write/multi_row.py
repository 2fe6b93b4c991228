"""Writes many rows with few statements."""

from __future__ import annotations

import re
from collections.abc import Sequence
from functools import lru_cache
from typing import Any

from service.store.engines import Connection

ROWS_PER_STATEMENT = 100

_VALUES = re.compile(r"VALUES\s*\((?P<row>[^()]*)\)")
_PARAMETER = re.compile(r"(?<!:):[a-z_]+")


def insert_rows(connection: Connection, query: str, rows: Sequence[Sequence[object]]) -> list[Any]:
    """Runs `INSERT … VALUES (:a, :b)` for all rows, whose values are in the order of a, b.

    Costs half as much as a statement for each row. Returns the rows of its RETURNING clause, in no
    particular order.
    """
    returned: list[Any] = []
    for start in range(0, len(rows), ROWS_PER_STATEMENT):
        some = rows[start : start + ROWS_PER_STATEMENT]
        values = [value for row in some for value in row]
        returned += connection.execute(_with_rows(query, len(some)), values)
    return returned


def select_rows(connection: Connection, query: str, rows: Sequence[Sequence[object]]) -> list[Any]:
    """Runs `WITH wanted (a) AS (VALUES (:a)) SELECT …` for all rows; their results together."""
    return insert_rows(connection, query, rows)


def update_rows(connection: Connection, query: str, rows: Sequence[Sequence[object]]) -> None:
    """Runs `UPDATE … SET b = :a … WHERE c = :d` for each row, whose values are in that order.

    Positions instead of names save the time of a dictionary for each row.
    """
    connection.executemany(_positional(query), rows)


@lru_cache(maxsize=1000)
def _positional(query: str) -> str:
    return _PARAMETER.sub("?", query)


@lru_cache(maxsize=1000)
def _with_rows(query: str, count: int) -> str:
    def repeat(match: re.Match[str]) -> str:
        row = f"({', '.join('?' for _ in match['row'].split(','))})"
        return "VALUES " + ", ".join([row] * count)

    return _VALUES.sub(repeat, query)
